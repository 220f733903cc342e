using Gateway.Configuration.Options;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Configuration.Rules;

/// <summary><c>client-auth</c>: a method of client authentication with what it needs, and with nothing that it would ignore.</summary>
internal static class ClientRules
{
    public static void MethodsHaveTheirCredentials(RuleContext context)
    {
        foreach (var (key, client) in context.Clients)
        {
            if (client.Id is null)
            {
                context.Error("client-auth", $"{key}:Id", "Id is missing; write the client identifier that the authorization server knows the gateway by.");
            }

            if (client.Authentication is not { } method)
            {
                context.Error("client-auth", $"{key}:Authentication", $"Authentication is missing; write one of {string.Join(", ", Read.Structure.ValuesOf(typeof(ClientAuthenticationMethod)))}.");
                continue;
            }

            var name = Read.Structure.ValuesOf(typeof(ClientAuthenticationMethod))[(int)method];
            var (needed, allowed) = MembersOf(method);
            foreach (var member in needed.Where(member => !context.IsGiven($"{key}:{member}")))
            {
                if (member == "SecretFile" && client.Secret is { Length: > 0 })
                {
                    continue;
                }

                context.Error("client-auth", $"{key}:{member}", $"{member} is missing, which '{name}' needs.");
            }

            foreach (var member in ((string[])["SecretFile", "Secret", "KeyFile", "KeyId", "CertificateFile", "AssertionFile", "AssertionAudience", "AssertionType"]).Except(needed).Except(allowed))
            {
                if (context.IsGiven($"{key}:{member}"))
                {
                    context.Error("client-auth", $"{key}:{member}", $"{member} has no effect with '{name}'; remove it, or write the method that it belongs to.");
                }
            }

            if (client.Secret is not null && client.SecretFile is not null)
            {
                context.Error("client-auth", $"{key}:Secret", "Secret and SecretFile are both given; keep SecretFile.");
            }
        }
    }

    /// <summary>Exchanges, introspection and logout tokens all need to know who we are.</summary>
    public static void ClientsAreThereWhereNeeded(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            var need = server.Introspection is not null ? "Introspection is authenticated as it"
                : server.BackchannelLogout ? "logout tokens are meant for it"
                : context.Servers.Any(target => target.Outbound.Mode == OutboundMode.Exchange && target.Outbound.AuthorizationServer == name && target.Outbound.Client is null) ? "exchanges are asked for as it"
                : null;
            if (server.Client is null && need is not null)
            {
                context.Error("client-auth", RuleContext.KeyOf(name, "Client"), $"Client is missing, and {need}; write its Id and Authentication.");
            }
        }
    }

    /// <summary>Products that take some methods only.</summary>
    public static void MethodsWorkAtTheProduct(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Outbound.Mode != OutboundMode.Exchange || !context.Options.AuthorizationServers.TryGetValue(server.Outbound.AuthorizationServer ?? "", out var asked)
                || ExchangeProfile.Find(asked.Profile) is not { ClientAuthentication.IsEmpty: false } profile || server.ClientAt(asked)?.Authentication is not { } method)
            {
                continue;
            }

            if (!profile.ClientAuthentication.Contains(method))
            {
                var names = Read.Structure.ValuesOf(typeof(ClientAuthenticationMethod));
                var key = server.Outbound.Client is null ? RuleContext.KeyOf(server.Outbound.AuthorizationServer!, "Client:Authentication") : RuleContext.KeyOf(server, "Outbound:Client:Authentication");
                context.Error("client-auth", key, $"'{names[(int)method]}' does not work with profile '{asked.Profile}'; write {string.Join(" or ", profile.ClientAuthentication.Select(works => names[(int)works]))}.");
            }
        }
    }

    private static (string[] Needed, string[] Allowed) MembersOf(ClientAuthenticationMethod method) => method switch
    {
        ClientAuthenticationMethod.ClientSecretBasic or ClientAuthenticationMethod.ClientSecretPost => (["SecretFile"], ["Secret"]),
        ClientAuthenticationMethod.PrivateKeyJwt => (["KeyFile"], ["KeyId", "CertificateFile", "AssertionAudience"]),
        ClientAuthenticationMethod.AssertionFile => (["AssertionFile"], ["AssertionType"]),
        ClientAuthenticationMethod.TlsClientAuth => (["KeyFile", "CertificateFile"], []),
        _ => ([], []),
    };
}
