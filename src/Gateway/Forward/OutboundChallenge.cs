using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Forward;

/// <summary>Reads the challenges with which an MCP server asks for more scope, or for a nonce.</summary>
/// <remarks>RFC 6750 §3, RFC 9110 §11.6.1.</remarks>
internal static class OutboundChallenge
{
    private const int MaxScopes = 64;

    /// <summary>The scopes asked for, empty when none is named; null when the answer has no Bearer challenge that can be read.</summary>
    public static ScopeSet? ScopesOf(HttpResponseMessage answer) =>
        Of(answer, "Bearer").FirstOrDefault() is not { } bearer ? null
            : ScopeSet.Of(bearer.GetValueOrDefault("scope", "").Split(' ').Where(IsScope).Take(MaxScopes));

    /// <summary>Whether a DPoP challenge asks for a nonce.</summary>
    /// <remarks>RFC 9449 §9.</remarks>
    public static bool AsksForNonce(HttpResponseMessage answer) =>
        Of(answer, "DPoP").Any(challenge => challenge.TryGetValue("error", out var error) && error == "use_dpop_nonce");

    /// <summary>What the first challenge says is wrong with a token: its error and description; somebody else's words.</summary>
    /// <remarks>RFC 6750 §3.1.</remarks>
    public static ForeignText Said(HttpResponseMessage answer)
    {
        foreach (var challenge in Of(answer, "Bearer", "DPoP"))
        {
            if (challenge.TryGetValue("error", out var error))
            {
                return challenge.TryGetValue("error_description", out var description) ? $"{error}: {description}" : error;
            }
        }

        return default;
    }

    /// <summary>The parameters of each challenge of these schemes; of one that cannot be read nothing is taken over.</summary>
    private static IEnumerable<Dictionary<string, string>> Of(HttpResponseMessage answer, params string[] schemes) =>
        from challenge in answer.Headers.WwwAuthenticate
        where schemes.Contains(challenge.Scheme, StringComparer.OrdinalIgnoreCase)
        let parameters = AuthParameters.Read(challenge.Parameter)
        where parameters is not null
        select parameters;

    /// <summary>RFC 6749 §3.3: a scope token, so that nothing an MCP server says can break out of our own challenge.</summary>
    private static bool IsScope(string scope) => scope.Length <= 256 && ScopeSet.IsToken(scope);
}
