namespace TokenExchange.Jose;

/// <summary>
/// The first stage of every verification, before any key is looked for: refuses what is not exactly one JWS in compact
/// form, encoded canonically, whose header and payload every parser reads alike.
/// </summary>
internal static class JwsChecks
{
    public const int MaxLength = 16 * 1024;

    public static readonly Checklist<Jws, TokenRefusal> All = new(TokenRefusal.Malformed,
    [
        new("size", SizeIsBounded),
        new("three parts", ThreeParts),
        new("canonical encoding", EncodingIsCanonical),
        new("JSON objects", HeaderAndPayloadAreObjects),
        new("no member twice", NoMemberTwice),
        new("no key in its header", HeaderBringsNoKey),
        new("no critical extension", NothingCritical),
    ]);

    /// <summary>The same checks for what is more than a JWS.</summary>
    public static IEnumerable<Check<TCandidate, TokenRefusal>> Of<TCandidate>()
        where TCandidate : Jws => All.Checks.Select(check => new Check<TCandidate, TokenRefusal>(check.Name, check.Refusal));

    private static TokenRefusal? SizeIsBounded(Jws token) => token.Text.Length <= MaxLength ? null : TokenRefusal.TooLarge;

    private static TokenRefusal? ThreeParts(Jws token)
    {
        const int PeriodsOfJws = 2, PeriodsOfJwe = 4;
        return token.Text.Count('.') switch
        {
            PeriodsOfJws => null,
            PeriodsOfJwe => TokenRefusal.JweNotAllowed,
            _ => TokenRefusal.Malformed,
        };
    }

    private static TokenRefusal? EncodingIsCanonical(Jws token) => token.Decode() ? null : TokenRefusal.NoncanonicalEncoding;

    private static TokenRefusal? HeaderAndPayloadAreObjects(Jws token) =>
        token is { HeaderForm: not JsonForm.Malformed, PayloadForm: not JsonForm.Malformed } ? null : TokenRefusal.Malformed;

    private static TokenRefusal? NoMemberTwice(Jws token) =>
        token is { HeaderForm: JsonForm.Sound, PayloadForm: JsonForm.Sound } ? null : TokenRefusal.DuplicateMember;

    // A token must not say how it is to be verified (RFC 8725 §3.10); nothing of it is ever fetched.
    private static TokenRefusal? HeaderBringsNoKey(Jws token) =>
        token.Header.TryGetProperty("jwk", out _) || token.Header.TryGetProperty("jku", out _) ||
        token.Header.TryGetProperty("x5u", out _) || token.Header.TryGetProperty("x5c", out _)
            ? TokenRefusal.HeaderForbidden
            : null;

    // No extension is understood (RFC 7515 §4.1.11). Without crit, b64 of RFC 7797 is as good as any member that nobody knows: what
    // is signed is the text of the token either way, and a payload that is not encoded is refused as one.
    private static TokenRefusal? NothingCritical(Jws token) => token.Header.TryGetProperty("crit", out _) ? TokenRefusal.CritUnsupported : null;
}
