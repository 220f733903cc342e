using System.Text.RegularExpressions;
using Gateway.Configuration.Options;
using Gateway.Front;
using TokenExchange.Inbound;

namespace Gateway.Configuration.Rules;

/// <summary>Fronts for clients that cannot register: <c>registration</c>.</summary>
internal static partial class RegistrationRules
{
    public static void FrontsCanServe(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            if (server.Registration is { } registration)
            {
                Check(context, name, server, registration);
            }
        }
    }

    private static void Check(RuleContext context, string name, AuthorizationServerOptions server, RegistrationOptions registration)
    {
        void Error(string member, string message) => context.Error("registration", RuleContext.KeyOf(name, "Registration" + member), message);

        if (!server.Inbound)
        {
            Error("", "The front stands before an authorization server whose tokens are not accepted from clients; remove Registration, or set Inbound to true.");
        }

        if (!Name().IsMatch(name) || name is "." or "..")
        {
            Error("", $"The name '{name}' becomes part of the front's address; rename the authorization server to letters, digits, '-', '.', '_' and '~'.");
        }

        var issuer = ClientFront.IssuerOf(CanonicalUri.Of(context.Options.PublicUrl).TrimEnd('/'), name);
        if (context.Options.LocalIssuer?.Issuer is { } local && (CanonicalUri.Of(local).TrimEnd('/') + "/").StartsWith(issuer + "/", StringComparison.OrdinalIgnoreCase))
        {
            Error("", $"The front's address '{issuer}' is that of LocalIssuer, too; give LocalIssuer another path.");
        }

        if (string.IsNullOrEmpty(registration.ClientId) || registration.ClientId.Any(character => character is < ' ' or > '~'))
        {
            Error(":ClientId", $"ClientId is {ConfiguredUrl.Show(registration.ClientId)}; write the id of the public client that was registered for all clients.");
        }

        CheckRedirectUris(registration, Error);
        CheckScopes(context, name, registration, Error);
    }

    private static void CheckRedirectUris(RegistrationOptions registration, Action<string, string> error)
    {
        if (registration.RedirectUris is not { Count: > 0 } uris)
        {
            error(":RedirectUris", "RedirectUris is missing or empty; write where answers may be sent, such as 'http://127.0.0.1:*/callback'.");
            return;
        }

        for (var i = 0; i < uris.Count; i++)
        {
            if (RedirectUris.ProblemOf(uris[i]) is { } problem)
            {
                error($":RedirectUris:{i}", $"{ConfiguredUrl.Show(uris[i])} {problem}; write an https URI, one of loopback, or one of a scheme of the client's own, exactly as the client sends it.");
            }
        }
    }

    private static void CheckScopes(RuleContext context, string name, RegistrationOptions registration, Action<string, string> error)
    {
        if (registration.Scopes is not { Count: > 0 } scopes)
        {
            error(":Scopes", "Scopes is missing or empty; write the servers that use the front, each with the scopes to ask for.");
            return;
        }

        foreach (var (id, wanted) in scopes)
        {
            var server = context.Servers.FirstOrDefault(server => server.Id == id);
            if (server is null)
            {
                error($":Scopes:{id}", $"'{id}' is no entry of Gateway:Servers; there are {string.Join(", ", context.Servers.Select(server => server.Id))}.");
            }
            else if (!server.InboundServers.Contains(name))
            {
                error($":Scopes:{id}", $"'{id}' takes no tokens of '{name}'; add '{name}' to its AuthorizationServers, or remove it here.");
            }

            if (wanted.Count == 0)
            {
                error($":Scopes:{id}", "The list is empty; write the scopes that the authorization server is to be asked for.");
            }

            for (var i = 0; i < wanted.Count; i++)
            {
                if (!ScopeSet.IsToken(wanted[i]))
                {
                    error($":Scopes:{id}:{i}", $"{ConfiguredUrl.Show(wanted[i])} is no scope (RFC 6749 §3.3); write one scope without blanks, and several as a list.");
                }
            }
        }

        foreach (var server in context.Servers.Where(server => server.InboundServers.Contains(name) && !scopes.ContainsKey(server.Id)))
        {
            context.Warn("registration", RuleContext.KeyOf(name, "Registration:Scopes"), $"'{server.Id}' takes tokens of '{name}' and is not named here: its clients are sent to the authorization server itself, where they must be registered by hand.");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._~-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
