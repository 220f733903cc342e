using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>Whom a security event is about: each name that was understood; at least one.</summary>
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
/// <param name="Subject">Whom to revoke; null when nothing is to be done.</param>
public sealed record SecurityEventValidation(string? Error, string? Check, ImmutableArray<string> Events, SecurityEventSubject? Subject)
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
        catch (Exception exception) when (exception is not OperationCanceledException)
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

        if ((claims.Expiry is { } expiry && token.Now >= DateTimeOffset.FromUnixTimeSeconds(expiry) + token.Skew) ||
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
        var result = new SecurityEventValidation(null, null, names, null) { Once = new UsedId(Purpose, digest, digest, token.IssuedAt + maxAge + (2 * clockSkew)) };
        if (token.IssuedAt + maxAge < token.Now || names.All(name => name == "other"))
        {
            return result;
        }

        DateTimeOffset? until = null;
        JsonElement about = default;
        foreach (var payload in events.EnumerateObject().Where(payload => NameOf(payload) is not null))
        {
            if (payload.Value.TryGetProperty("event_timestamp", out var stamp))
            {
                if (stamp.ValueKind != JsonValueKind.Number || !stamp.TryGetDouble(out var seconds) || seconds is < 0 or > 253402300799e3)
                {
                    return Refused(InvalidRequest, "event_timestamp");
                }

                until = Later(until, seconds >= 253402300799 ? token.Now : DateTimeOffset.FromUnixTimeSeconds((long)seconds));
            }
            else
            {
                until = Later(until, token.IssuedAt);
            }

            // Before RFC 9493 was there, an event held its own subject.
            _ = about.ValueKind == JsonValueKind.Undefined && payload.Value.TryGetProperty("subject", out about);
        }

        var issuedUntil = until < token.Now ? until.Value : token.Now;
        if (token.Payload.TryGetProperty("sub_id", out var identifier))
        {
            about = identifier;
        }

        var found = new Names();
        if (about.ValueKind == JsonValueKind.Undefined)
        {
            // A bare subject is its issuer's own.
            found.Subject = token.Issuer == issuer ? NameIn(token.Payload, "sub") : null;
        }
        else if (Understand(about, found, part: null) is { } wrong)
        {
            return wrong;
        }

        return found is { Subject: null, Session: null, TokenId: null }
            ? Refused(InvalidRequest, "subject")
            : result with { Subject = new SecurityEventSubject(found.Subject, found.Session, found.TokenId, issuedUntil) };
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

    /// <summary>Takes the names that are understood; what is not is left out, which means more tokens and never fewer.</summary>
    private SecurityEventValidation? Understand(JsonElement identifier, Names names, string? part)
    {
        if (identifier.ValueKind != JsonValueKind.Object)
        {
            return Refused(InvalidRequest, "subject");
        }

        var format = (Jws.StringOf(identifier, "format") ?? Jws.StringOf(identifier, "subject_type"))?.Replace('-', '_');
        if (identifier.TryGetProperty("iss", out _) && NameIn(identifier, "iss") != issuer)
        {
            return Refused(InvalidIssuer, "subject issuer");
        }

        switch (format)
        {
            case "iss_sub" when identifier.TryGetProperty("iss", out _) && NameIn(identifier, "sub") is { } name:
                names.Session = part == "session" ? name : names.Session;
                names.Subject = part == "session" ? names.Subject : name;
                return null;
            case "jwt_id" when identifier.TryGetProperty("iss", out _) && NameIn(identifier, "jti") is { } tokenId:
                names.TokenId = tokenId;
                return null;
            case "opaque" when part == "session" && NameIn(identifier, "id") is { } session:
                names.Session = session;
                return null;
            case "iss_sub" or "jwt_id":
                return Refused(InvalidRequest, "subject");
            case "aliases" when part is null && identifier.TryGetProperty("identifiers", out var identifiers) && identifiers.ValueKind == JsonValueKind.Array:
                foreach (var alias in identifiers.EnumerateArray())
                {
                    if (Understand(alias, names, "alias") is { } wrong)
                    {
                        return wrong;
                    }
                }

                return null;
            case "complex" when part is null:
                foreach (var member in identifier.EnumerateObject().Where(member => member.Name is "user" or "session"))
                {
                    if (Understand(member.Value, names, member.Name) is { } wrong)
                    {
                        return wrong;
                    }
                }

                return null;
            default:
                // Not understood: it names nobody here.
                return null;
        }
    }

    private static string? NameIn(JsonElement element, string member) =>
        Jws.StringOf(element, member) is { } value && Characters.AreAtMost(LongestName, value) && !string.IsNullOrWhiteSpace(value) ? value : null;

    private static SecurityEventValidation Refused(string error, string check) => new(error, check, [], null);

    private sealed class Names
    {
        public string? Subject { get; set; }

        public string? Session { get; set; }

        public string? TokenId { get; set; }
    }
}
