using System.Text;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.AspNetCore;

/// <summary>What options must be to be safe; each problem says what it should be.</summary>
internal static class HopTokenRules
{
    // A buffer is doubled, and holds one byte more.
    private const int MostBodyBytes = 1 << 30;

    public static List<string> Problems(HopTokenOptions options)
    {
        var problems = new List<string>();
        Require(IsHttp(options.Issuer, options.AllowHttp, out _), $"Issuer is '{options.Issuer}'; it must be an absolute https URL in ASCII without query and fragment, exactly as tokens say it in iss.");
        Require(
            !options.Resource.Any(character => character is <= ' ' or > '~' or '"' or '\\' or '#') && Uri.TryCreate(options.Resource, UriKind.Absolute, out _),
            $"Resource is '{options.Resource}'; it must be an absolute URI in ASCII without a fragment, exactly as tokens say it in aud.");
        Require(options.Resource != options.Issuer, "Resource and Issuer are equal; a token for its own issuer is for nobody.");
        Require(options.Algorithms.Count > 0 && options.Algorithms.All(SignatureAlgorithms.Names.Contains), $"Algorithms must be of {string.Join(", ", SignatureAlgorithms.Names)}.");
        Require(options.TokenTypes.Count > 0 && options.TokenTypes.All(type => !string.IsNullOrWhiteSpace(type)), "TokenTypes must name at least one type, at+jwt.");
        Require(options.ClockSkew >= TimeSpan.Zero && options.ClockSkew <= TimeSpan.FromMinutes(5), "ClockSkew must be between zero and five minutes.");
        Require(options.MaxTokenLifetime > TimeSpan.Zero && options.MaxTokenLifetime <= TimeSpan.FromDays(1), "MaxTokenLifetime must be more than zero and at most a day.");
        Require(options.ProofMaxAge > TimeSpan.Zero && options.ProofMaxAge <= TimeSpan.FromHours(1), "ProofMaxAge must be more than zero and at most an hour.");
        Require(options.UsedIdCapacity > 0, "UsedIdCapacity must be positive.");
        Require(options.MaxBodyBytes is > 0 and <= MostBodyBytes, "MaxBodyBytes must be positive and at most a gibibyte.");
        Require(
            options.AuthorizationServers.All(server => IsHttp(server, options.AllowHttp, out _)),
            "AuthorizationServers must be absolute https URLs in ASCII without user, query and fragment; http with AllowHttp, or to this machine.");
        Require(
            options.ResourceName is null || (!string.IsNullOrWhiteSpace(options.ResourceName) && !options.ResourceName.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar || Rune.IsControl(rune))),
            "ResourceName must be a text without control characters, or null.");
        Require(options.RequiredScopes.All(scope => ScopeSet.IsToken(scope)), "RequiredScopes must be OAuth scopes, one each.");
        Require(options.Address is null || IsHttp(options.Address.OriginalString, allowHttp: true, out _), "Address must be an absolute http(s) URL in ASCII without query and fragment.");
        Require(MayBeFetched(options.MetadataUrl, options.AllowHttp) && MayBeFetched(options.JwksUrl, options.AllowHttp), "MetadataUrl and JwksUrl must be absolute https URLs without user and fragment; http with AllowHttp, or to this machine.");
        Require(
            (!options.RequireProof && !options.RequireContentDigest) || options.Address is not null || IsHttp(options.Resource, allowHttp: true, out _),
            "Proofs are required, but Resource is no http(s) URL and Address is not given: nothing says what proofs are made for.");
        Require(!options.RequireContentDigest || options.RequireProof, "RequireContentDigest has no effect without RequireProof: a token without a proof would pass.");
        return problems;

        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }
    }

    /// <summary>Whether a text is an absolute https URL in ASCII without user, query and fragment, or http where that is allowed or to this machine.</summary>
    public static bool IsHttp(string text, bool allowHttp, out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && Ascii.IsValid(text) && url.Query.Length == 0 && MayBeFetched(url, allowHttp);

    /// <summary>Whether documents may be asked for at an address; none is given: nothing speaks against it.</summary>
    private static bool MayBeFetched(Uri? url, bool allowHttp) =>
        url is null || (url.IsAbsoluteUri && url.UserInfo.Length == 0 && url.Fragment.Length == 0
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && (allowHttp || Loopback.Is(url)))));
}
