using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>One way in which a security event says whom it is about: each name that was understood; at least one.</summary>
/// <remarks>RFC 9493.</remarks>
/// <param name="Subject">The subject (<c>sub</c>); null when it names none.</param>
/// <param name="Session">The session (<c>sid</c>); null when it names none.</param>
/// <param name="TokenId">The token (<c>jti</c>); null when it names none.</param>
/// <param name="IssuedUntil">Tokens issued later are not meant.</param>
public sealed record SecurityEventSubject(string? Subject, string? Session, string? TokenId, DateTimeOffset IssuedUntil)
{
    /// <summary>Names nobody.</summary>
    public override string ToString() => $"subject of {IssuedUntil:O}";
}

/// <summary>The outcome of checking a security event token.</summary>
/// <param name="Error">The code of RFC 8935 §2.4; null when every check passed.</param>
/// <param name="Check">The name of the failed check, fixed text.</param>
/// <param name="Events">The short names of its events; those that mean nothing here are <c>other</c>.</param>
/// <param name="Subjects">Whom to revoke, each way in which that was understood; empty when nothing is to be done.</param>
public sealed record SecurityEventValidation(string? Error, string? Check, ImmutableArray<string> Events, ImmutableArray<SecurityEventSubject> Subjects)
{
    /// <summary>The token's id, to be taken by whoever acts on it.</summary>
    public UsedId Once { get; init; }
}

/// <summary>
/// Decides what a security event token means for one authorization server's tokens, by rules of its own: what passes here
/// is no access token, and no access token passes here.
/// </summary>
/// <remarks>RFC 8417, RFC 8935, RFC 9493; OpenID CAEP 1.0 and RISC 1.0.</remarks>
/// <param name="transmitter">Who signs the events.</param>
/// <param name="issuer">Whose tokens they are about.</param>
/// <param name="audience">What <c>aud</c> must hold.</param>
/// <param name="algorithms">The signature algorithms accepted.</param>
/// <param name="clockSkew">How far the clocks may differ.</param>
/// <param name="maxAge">Older events mean nothing: no token of then is accepted any more.</param>
/// <param name="clock">The time.</param>
public sealed class SecurityEventValidator(
    AuthorizationServer transmitter, string issuer, string audience, ImmutableArray<string> algorithms, TimeSpan clockSkew, TimeSpan maxAge, TimeProvider clock)
{
    /// <summary>The purpose under which the ids of security event tokens are taken.</summary>
    public const string Purpose = "security-event";

    private const string InvalidRequest = "invalid_request", InvalidKey = "invalid_key", InvalidIssuer = "invalid_issuer", InvalidAudience = "invalid_audience";
    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/", Risc = "https://schemas.openid.net/secevent/risc/event-type/";
    private const int LongestName = 255;

    /// <summary>Who signs the events.</summary>
    public AuthorizationServer Transmitter => transmitter;

    /// <summary>Whose tokens they are about.</summary>
    public string Issuer => issuer;

    /// <summary>Runs every check. An outage of the transmitter is a refusal too; only cancellation throws.</summary>
    public async ValueTask<SecurityEventValidation> ValidateAsync(ReadOnlyMemory<char> token, CancellationToken cancellationToken)
    {
        var candidate = new LogoutCandidate(token, transmitter.Settings.Issuer, [audience], algorithms, clock.GetUtcNow(), clockSkew);
        try
        {
            if (BeforeKey(candidate) is { } early)
            {
                return early;
            }

            candidate.Key = await transmitter.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken);

            // Anybody may post one, on a thread that serves others.
            await SignatureThreads.Switch();
            return AfterKey(candidate);
        }
        catch (Exception exception) when (UnfitText.IsFault(exception))
        {
            // A token that a check cannot cope with is not acceptable, whatever is wrong with it.
            return Refused(InvalidRequest, "form");
        }
    }

    private static SecurityEventValidation? BeforeKey(LogoutCandidate token)
    {
        return JwsChecks.All.FirstFailure(token) is { } failed ? Refused(InvalidRequest, failed.Name)
            : token.Algorithm is not { } algorithm || SignatureAlgorithms.KeyOf(algorithm) is null || !SignatureAlgorithms.Admit(token.Algorithms, algorithm) ? Refused(InvalidKey, "alg")
            : Jws.StringOf(token.Header, "typ") is not { } type || !JwtType.Is(type, "secevent+jwt") ? Refused(InvalidRequest, "typ")
            : Jws.StringOf(token.Payload, "iss") != token.Issuer ? Refused(InvalidIssuer, "issuer")
            : null;
    }

    private SecurityEventValidation AfterKey(LogoutCandidate token)
    {
        if (token.Key is not { Refusal: null, Key: { } key } || !key.Verify(token.Algorithm!, token.SigningInput, token.Signature))
        {
            return Refused(InvalidKey, token.Key is { Refusal: null } ? "signature" : "key");
        }

        if ((token.Claims = TokenClaims.Read(token.Payload)) is not { } claims)
        {
            return Refused(InvalidRequest, "claim types");
        }

        if (claims.IssuedAt is null || token.IssuedAt > token.Now + token.Skew)
        {
            return Refused(InvalidRequest, "issued at");
        }

        if ((claims.Expiry is { } expiry && token.Now - token.Skew >= DateTimeOffset.FromUnixTimeSeconds(expiry)) ||
            (claims.NotBefore is { } start && DateTimeOffset.FromUnixTimeSeconds(start) > token.Now + token.Skew))
        {
            return Refused(InvalidRequest, "times");
        }

        if (!claims.Audiences.Contains(audience, StringComparer.Ordinal))
        {
            return Refused(InvalidAudience, "audience");
        }

        return token.Payload.TryGetProperty("nonce", out _) ? Refused(InvalidRequest, "nonce")
            : token.TokenId is not { Length: > 0 } id || !Characters.AreAtMost(LongestName, id) ? Refused(InvalidRequest, "id")
            : Read(token, id);
    }

    private SecurityEventValidation Read(LogoutCandidate token, string id)
    {
        if (!token.Payload.TryGetProperty("events", out var events) || events.ValueKind != JsonValueKind.Object || !events.EnumerateObject().Any()
            || events.EnumerateObject().Any(payload => payload.Value.ValueKind != JsonValueKind.Object))
        {
            return Refused(InvalidRequest, "events");
        }

        var names = events.EnumerateObject().Select(payload => NameOf(payload) ?? "other").ToImmutableArray();
        var digest = UsedTokens.DigestOf(token.Issuer, id);
        var result = new SecurityEventValidation(null, null, names, []) { Once = new UsedId(Purpose, digest, digest, token.IssuedAt + maxAge + (2 * clockSkew)) };
        if (token.IssuedAt + maxAge < token.Now || names.All(name => name == "other"))
        {
            return result;
        }

        // Where the sender's clock is ahead, as far as it may be, its now is later, and so is what it stamps: events and tokens alike.
        var latest = Later(token.Now, token.IssuedAt);
        DateTimeOffset? until = null;
        var about = new List<JsonElement>();
        foreach (var payload in events.EnumerateObject().Where(payload => NameOf(payload) is not null))
        {
            if (payload.Value.TryGetProperty("event_timestamp", out var stamp))
            {
                if (stamp.ValueKind != JsonValueKind.Number || !stamp.TryGetDouble(out var seconds) || seconds is < 0 or > 253402300799e3)
                {
                    return Refused(InvalidRequest, "event_timestamp");
                }

                until = Later(until, seconds >= 253402300799 ? latest : DateTimeOffset.FromUnixTimeSeconds((long)seconds));
            }
            else
            {
                until = Later(until, token.IssuedAt);
            }

            // Before RFC 9493 was there, an event held its own subject.
            if (payload.Value.TryGetProperty("subject", out var subject))
            {
                about.Add(subject);
            }
        }

        var issuedUntil = until < latest ? until.Value : latest;
        if (token.Payload.TryGetProperty("sub_id", out var identifier))
        {
            about = [identifier];
        }

        SecurityEventValidation? wrong = null;
        Names[] found = about.Count > 0 ? [.. UnderstandAny(about, part: null, ref wrong)]

            // A bare subject is its issuer's own.
            : token.Issuer == issuer && NameIn(token.Payload, "sub") is { } name ? [new Names(Subject: name)] : [];
        return found.Length == 0
            ? wrong ?? Refused(InvalidRequest, "subject")
            : result with { Subjects = [.. found.Distinct().Select(names => new SecurityEventSubject(names.Subject, names.Session, names.TokenId, issuedUntil))] };
    }

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;

    /// <summary>The name of an event that means something here.</summary>
    private static string? NameOf(JsonProperty payload) => payload.Name switch
    {
        Caep + "session-revoked" => "session-revoked",
        Caep + "credential-change" when Jws.StringOf(payload.Value, "change_type") != "create" => "credential-change",
        Caep + "token-claims-change" => "token-claims-change",
        Risc + "account-disabled" => "account-disabled",
        Risc + "account-purged" => "account-purged",
        Risc + "credential-compromise" => "credential-compromise",
        _ => null,
    };

    /// <summary>
    /// What several identifiers of one subject say, each by itself: one that is not understood, or is another issuer's, takes
    /// nothing from the others, and is told as <paramref name="wrong"/> for the case that none is.
    /// </summary>
    private List<Names> UnderstandAny(IEnumerable<JsonElement> identifiers, string? part, ref SecurityEventValidation? wrong, bool isAlias = false)
    {
        var found = new List<Names>();
        foreach (var identifier in identifiers)
        {
            found.AddRange(Understand(identifier, part, ref wrong, isAlias));
        }

        return found;
    }

    /// <summary>The ways in which an identifier names somebody; none when it is not understood, and <paramref name="wrong"/> where it may not be left out for that.</summary>
    private List<Names> Understand(JsonElement identifier, string? part, ref SecurityEventValidation? wrong, bool isAlias)
    {
        if (identifier.ValueKind != JsonValueKind.Object)
        {
            wrong ??= Refused(InvalidRequest, "subject");
            return [];
        }

        var format = (Jws.StringOf(identifier, "format") ?? Jws.StringOf(identifier, "subject_type"))?.Replace('-', '_');
        var hasIssuer = identifier.TryGetProperty("iss", out _);
        if (hasIssuer && NameIn(identifier, "iss") != issuer)
        {
            wrong ??= Refused(InvalidIssuer, "subject issuer");
            return [];
        }

        switch (format)
        {
            case "iss_sub" when hasIssuer && NameIn(identifier, "sub") is { } name:
                return [part == "session" ? new Names(Session: name) : new Names(Subject: name)];
            case "jwt_id" when hasIssuer && NameIn(identifier, "jti") is { } tokenId:
                return [new Names(TokenId: tokenId)];
            case "opaque" when part == "session" && NameIn(identifier, "id") is { } session:
                return [new Names(Session: session)];
            case "iss_sub" or "jwt_id":
                wrong ??= Refused(InvalidRequest, "subject");
                return [];
            case "aliases" when !isAlias && identifier.TryGetProperty("identifiers", out var identifiers) && identifiers.ValueKind == JsonValueKind.Array:
                return UnderstandAny(identifiers.EnumerateArray(), part, ref wrong, isAlias: true);
            case "complex" when part is null && !isAlias:
                return UnderstandAll(identifier, ref wrong);
            default:
                // Not understood: it names nobody here.
                return [];
        }
    }

    /// <summary>
    /// What the members of a complex subject say together, in each way in which one of them says it. A member that is not
    /// understood is left out, which means more tokens and never fewer; one that is another issuer's makes it another's subject.
    /// </summary>
    private List<Names> UnderstandAll(JsonElement complex, ref SecurityEventValidation? wrong)
    {
        List<Names> found = [];
        foreach (var member in complex.EnumerateObject().Where(member => member.Name is "user" or "session"))
        {
            SecurityEventValidation? unfit = null;
            var said = Understand(member.Value, member.Name, ref unfit, isAlias: false);
            if (said.Count == 0 && unfit is not null)
            {
                wrong ??= unfit;
                return [];
            }

            found = found.Count == 0 ? said
                : said.Count == 0 ? found
                : [.. found.SelectMany(one => said.Select(other => new Names(one.Subject ?? other.Subject, one.Session ?? other.Session, one.TokenId ?? other.TokenId)))];
        }

        return found;
    }

    private static string? NameIn(JsonElement element, string member) =>
        Jws.StringOf(element, member) is { } value && Characters.AreAtMost(LongestName, value) && !string.IsNullOrWhiteSpace(value) ? value : null;

    private static SecurityEventValidation Refused(string error, string check) => new(error, check, [], []);

    private readonly record struct Names(string? Subject = null, string? Session = null, string? TokenId = null)
    {
        public override string ToString() => "names of a subject";
    }
}
