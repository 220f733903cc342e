using System.Collections.Frozen;
using Gateway.Configure.Read;

namespace Gateway.Configure.Rules;

/// <summary>Settings of authorization servers: <c>symmetric-algorithm</c>, <c>type</c>, <c>extra-parameters</c>, <c>required</c>.</summary>
internal static class AuthorizationServerRules
{
    private static readonly string[] Algorithms = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

    /// <summary>RFC 9068's type, and the one of products that stamp nothing better. Every other type is some other kind of token.</summary>
    private static readonly string[] TokenTypes = ["at+jwt", "JWT"];

    /// <summary>The IANA registry of OAuth parameters for requests, and those of the profiles.</summary>
    private static readonly FrozenSet<string> Parameters = new[]
    {
        "grant_type", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type", "resource", "audience",
        "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type", "assertion", "requested_token_use", "code",
        "redirect_uri", "code_verifier", "code_challenge", "code_challenge_method", "refresh_token", "username", "password", "token",
        "token_type_hint", "authorization_details", "request", "request_uri", "response_type", "response_mode", "state", "nonce",
        "access_token", "id_token", "id_token_hint", "token_type", "issued_token_type", "dpop_jkt", "device_code", "auth_req_id", "ticket",
        "rpt", "claim_token", "claim_token_format", "issuer", "iss", "subject_issuer", "requested_issuer", "requested_subject",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void AlgorithmsAreAsymmetric(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            for (var i = 0; i < server.Algorithms.Count; i++)
            {
                var value = server.Algorithms[i];
                var key = RuleContext.KeyOf(name, $"Algorithms:{i}");
                if (value.StartsWith("HS", StringComparison.OrdinalIgnoreCase) || value.Equals("none", StringComparison.OrdinalIgnoreCase))
                {
                    context.Error("symmetric-algorithm", key, $"{ConfiguredUrl.Show(value)} proves nothing about who issued a token; write asymmetric algorithms such as ES256.");
                }
                else
                {
                    CheckChoice(context, key, value, Algorithms);
                }
            }
        }
    }

    public static void TokenTypesAreThoseOfAccessTokens(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            for (var i = 0; i < (server.TokenTypes?.Count ?? 0); i++)
            {
                CheckChoice(context, RuleContext.KeyOf(name, $"TokenTypes:{i}"), server.TokenTypes![i], TokenTypes);
            }
        }
    }

    public static void ExtraParametersAreNotOAuths(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            foreach (var parameter in server.ExtraParameters.Keys)
            {
                if (parameter.Trim().Length == 0 || Parameters.Contains(parameter.Trim()))
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
