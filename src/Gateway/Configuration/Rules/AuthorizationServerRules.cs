using Gateway.Configuration.Read;
using TokenExchange.Jose;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Configuration.Rules;

/// <summary>Settings of authorization servers: <c>symmetric-algorithm</c>, <c>type</c>, <c>extra-parameters</c>, <c>required</c>, <c>without-effect</c>.</summary>
internal static class AuthorizationServerRules
{
    private static readonly string[] Algorithms = [.. SignatureAlgorithms.Names];

    public static void AlgorithmsAreAsymmetric(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check(RuleContext.KeyOf(name, "Algorithms"), server.Algorithms, "who issued a token");
        }

        foreach (var server in context.Servers)
        {
            Check(RuleContext.KeyOf(server, "DPoP:Algorithms"), server.Options.DPoP.Algorithms, "who holds a key");
        }

        void Check(string key, List<string> algorithms, string what)
        {
            for (var i = 0; i < algorithms.Count; i++)
            {
                var value = algorithms[i];
                if (value.StartsWith("HS", StringComparison.OrdinalIgnoreCase) || value.Equals("none", StringComparison.OrdinalIgnoreCase))
                {
                    context.Error("symmetric-algorithm", $"{key}:{i}", $"{ConfiguredUrl.Show(value)} proves nothing about {what}; write asymmetric algorithms such as ES256.");
                }
                else
                {
                    CheckChoice(context, $"{key}:{i}", value, Algorithms);
                }
            }
        }
    }

    public static void ExtraParametersAreNotOAuths(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            foreach (var parameter in server.ExtraParameters.Keys)
            {
                if (parameter.Trim().Length == 0 || ExchangeProfile.IsReserved(parameter.Trim()))
                {
                    context.Error("extra-parameters", RuleContext.KeyOf(name, $"ExtraParameters:{parameter}"), $"'{parameter}' is a parameter of OAuth, which the exchange sets itself; ExtraParameters is for the product's own.");
                }
            }
        }
    }

    public static void LocalIssuerHasKeys(RuleContext context)
    {
        if (context.Options.LocalIssuer is { KeyDirectory: null })
        {
            context.Error("required", "Gateway:LocalIssuer:KeyDirectory", "KeyDirectory is missing; write the directory of the signing keys, which 'keys new' fills.");
        }
    }

    /// <summary><c>without-effect</c>: what is said of inbound tokens where none are accepted.</summary>
    public static void InboundSettingsHaveAnEffect(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers.Where(server => !server.Value.Inbound))
        {
            Check(server.Introspection is not null, "Introspection", "there is nothing to ask about");
            Check(server.BackchannelLogout, "BackchannelLogout", "there is nothing to revoke");

            void Check(bool isGiven, string member, string why)
            {
                if (isGiven)
                {
                    context.Warn("without-effect", RuleContext.KeyOf(name, member), $"Its tokens are not accepted from clients: {why}; remove this, or Inbound.");
                }
            }
        }
    }

    public static void SomethingIsServed(RuleContext context)
    {
        if (context.Options.Servers.Count == 0)
        {
            context.Error("required", "Gateway:Servers", "Servers is missing or empty; write at least one MCP server.");
        }
    }

    private static void CheckChoice(RuleContext context, string key, string value, string[] values)
    {
        if (!values.Contains(value))
        {
            var nearest = NearestName.Of(value, values);
            context.Error("type", key, $"This is {ConfiguredUrl.Show(value)}; it must be one of {string.Join(", ", values)}{(nearest is null ? "." : $": did you mean '{nearest}'?")}");
        }
    }
}
