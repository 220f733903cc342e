using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Forward;

/// <summary>Reads the challenges with which an MCP server asks for more scope, or for a nonce.</summary>
/// <remarks>RFC 6750 §3, RFC 9110 §11.6.1.</remarks>
internal static class UpstreamChallenge
{
    private const int MaxScopes = 64;

    /// <summary>A longer challenge is not looked at for what it says.</summary>
    private const int MaxSaid = 4096;

    /// <summary>The scopes asked for, empty when none is named; null when the answer has no Bearer challenge.</summary>
    public static ScopeSet? ScopesOf(HttpResponseMessage answer)
    {
        foreach (var challenge in answer.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            {
                return Read(challenge.Parameter ?? "");
            }
        }

        return null;
    }

    /// <summary>Whether a DPoP challenge asks for a nonce.</summary>
    /// <remarks>RFC 9449 §9.</remarks>
    public static bool AsksForNonce(HttpResponseMessage answer)
    {
        foreach (var challenge in answer.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase) && challenge.Parameter is { } parameters
                && (parameters.Contains("error=\"use_dpop_nonce\"", StringComparison.OrdinalIgnoreCase) || parameters.Contains("error=use_dpop_nonce", StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What the first challenge says is wrong with a token: its error and description; somebody else's words.</summary>
    /// <remarks>RFC 6750 §3.1.</remarks>
    public static ForeignText Said(HttpResponseMessage answer)
    {
        foreach (var challenge in answer.Headers.WwwAuthenticate)
        {
            if ((challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || challenge.Scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase)) && challenge.Parameter is { Length: <= MaxSaid } parameters && Quoted(parameters, "error=\"") is { } error)
            {
                return Quoted(parameters, "error_description=\"") is { } description ? $"{error}: {description}" : error;
            }
        }

        return default;
    }

    private static string? Quoted(string parameters, string name)
    {
        var start = parameters.StartsWith(name, StringComparison.OrdinalIgnoreCase) ? 0 : FindName(parameters, name);
        if (start < 0)
        {
            return null;
        }

        var end = parameters.IndexOf('"', start + name.Length);
        return end < 0 ? null : parameters[(start + name.Length)..end];
    }

    private static ScopeSet Read(string parameters)
    {
        const string Name = "scope=\"";
        var start = parameters.StartsWith(Name, StringComparison.OrdinalIgnoreCase) ? 0 : FindName(parameters, Name);
        if (start < 0)
        {
            return ScopeSet.Empty;
        }

        start += Name.Length;
        var end = parameters.IndexOf('"', start);
        return end < 0 ? ScopeSet.Empty : ScopeSet.Of(parameters[start..end].Split(' ').Where(IsScope).Take(MaxScopes));
    }

    private static int FindName(string parameters, string name)
    {
        for (var at = parameters.IndexOf(name, StringComparison.OrdinalIgnoreCase); at > 0; at = parameters.IndexOf(name, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            if (parameters[at - 1] is ' ' or ',' or '\t')
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>RFC 6749 §3.3: a scope token, so that nothing an MCP server says can break out of our own challenge.</summary>
    private static bool IsScope(string scope) =>
        scope.Length is > 0 and <= 256 && scope.All(character => character is >= '!' and <= '~' and not ('"' or '\\'));
}
