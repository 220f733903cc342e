using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// An inbound access token that passed every check for one resource. Only the validator creates one, so that a token
/// nobody validated cannot be exchanged: it does not compile.
/// </summary>
public sealed class ValidatedToken
{
    private readonly TokenText text;
    private JsonElement claims;
    private long clearAsOf;
    private TokenNames? names;

    internal ValidatedToken(TokenText text) => this.text = text;

    /// <summary>The resource identifier of the server that the token was validated for.</summary>
    public required string Resource { get; init; }

    /// <summary>The issuer, exactly as configured (<c>iss</c>).</summary>
    public required string Issuer { get; init; }

    /// <summary>The subject (<c>sub</c>), 1 to 255 characters.</summary>
    public required string Subject { get; init; }

    /// <summary>The client: the first of <c>client_id</c>, <c>azp</c>, <c>appid</c>, <c>cid</c>; null without any.</summary>
    public required string? ClientId { get; init; }

    /// <summary>The token's id (<c>jti</c>), null when it has none.</summary>
    public required string? TokenId { get; init; }

    /// <summary>The audiences (<c>aud</c>) in the token's order.</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    /// <summary>The granted scopes, of <c>scope</c> or <c>scp</c>.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>The subjects of the actor chain (<c>act</c>), the current actor first.</summary>
    /// <remarks>RFC 8693 §4.1.</remarks>
    public required ImmutableArray<string> Actors { get; init; }

    /// <summary>When the token expires; no use of it outlives this time.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How far the issuer's clock may be off: so long past <see cref="ExpiresAt"/> the token is still accepted.</summary>
    public TimeSpan ClockSkew { get; internal init; }

    /// <summary>From when on the token is refused: nothing is sent in its name, and no stream that it opened goes on.</summary>
    public DateTimeOffset AcceptedUntil => ExpiresAt + ClockSkew;

    /// <summary>All claims: one JSON object, for rules that name a claim.</summary>
    public required JsonElement Claims
    {
        get
        {
            if (claims.ValueKind == JsonValueKind.Undefined && !text.Characters.IsEmpty)
            {
                // Of a token that was remembered without them: read once more from what was verified.
                claims = Jws.PayloadOf(text.Characters);
            }

            return claims;
        }

        init
        {
            claims = value;
            if (value.ValueKind == JsonValueKind.Object)
            {
                Session = Jws.StringOf(value, "sid");
                IssuedAt = value.TryGetProperty("iat", out var issued) && issued.ValueKind == JsonValueKind.Number && issued.TryGetInt64(out var seconds) ? seconds : null;
            }
        }
    }

    /// <summary>How it was proven that the token comes from whom it was issued to.</summary>
    public ProofOfPossession ProofOfPossession =>
        Confirmation is null ? ProofOfPossession.None : Confirmation.KeyThumbprint is null ? ProofOfPossession.Certificate : ProofOfPossession.DPoP;

    /// <summary>The digest that stands for the token in keys and logs.</summary>
    public TokenDigest Digest => text.Digest!.Value;

    /// <summary>The token itself. It leaves this library only in the body of an exchange, or by mode same-token.</summary>
    internal string Value => text.Characters.ToString();

    /// <summary>What the token is bound to (<c>cnf</c>), all of it proven; null for a bearer token.</summary>
    internal Confirmation? Confirmation { get; set; }

    /// <summary>The session at the issuer (<c>sid</c>); null without one.</summary>
    public string? Session { get; private init; }

    /// <summary>What the authorization server said of the token when it was asked and the token itself does not; undefined without.</summary>
    internal JsonElement Said { get; private init; }

    /// <summary>Stands for what the authorization server said beside the token's text, which may be something else the next time; null when it said nothing.</summary>
    internal string? SaidDigest { get; init; }

    /// <summary>When the token was issued (<c>iat</c>), in seconds since 1970; null when it does not say.</summary>
    public long? IssuedAt { get; private init; }

    /// <summary>What is remembered of the token, and goes on when this presentation of it is over; null when nothing is.</summary>
    internal RememberedToken? Remembered { get; set; }

    /// <summary>As of which state of the revocations the token was found clear.</summary>
    internal long ClearAsOf
    {
        get => Remembered is { } known ? known.ClearAsOf : Volatile.Read(ref clearAsOf);
        set
        {
            if (Remembered is { } known)
            {
                known.ClearAsOf = value;
            }
            else
            {
                Volatile.Write(ref clearAsOf, value);
            }
        }
    }

    /// <summary>What stands for the token in revocations.</summary>
    internal TokenNames NamesUnder(RevocationKeys keys) => names?.Under(keys) ?? (names = new TokenNames(keys, TokenFacts.Of(this)));

    /// <summary>A remembered token as it was presented again to the same server; the caller has found it by the digest of that text.</summary>
    internal static ValidatedToken Presented(RememberedToken known, string resource, TokenText text) => new(text)
    {
        Resource = resource,
        Issuer = known.Terms.Issuer.Server.Settings.Issuer,
        Subject = known.Subject,
        ClientId = known.Terms.ClientId,
        TokenId = known.TokenId,
        Audiences = known.Terms.Audiences,
        Scopes = known.Terms.Scopes,
        Actors = known.Actors,
        ExpiresAt = known.ExpiresAt,
        ClockSkew = known.Terms.Issuer.ClockSkew,
        Claims = known.Claims,
        Session = known.Session,
        IssuedAt = known.IssuedAt,
        Confirmation = known.Terms.Confirmation,
        Remembered = known,
    };

    /// <summary>The authorization details of the token: an array of objects, each with a <c>type</c>; false without.</summary>
    /// <remarks>RFC 9396 §2.</remarks>
    public bool TryGetAuthorizationDetails(out JsonElement details) => TryGetAuthority(AuthorizationDetails.Name, out details);

    /// <summary>The first authorization detail of a type, and how many there are; false when there is none.</summary>
    /// <remarks>RFC 9396 §2.</remarks>
    public bool TryFindDetail(string type, out JsonElement found, out int count)
    {
        (found, count) = (default, 0);
        if (TryGetAuthorizationDetails(out var details))
        {
            foreach (var element in details.EnumerateArray())
            {
                if (element.GetProperty("type").ValueEquals(type) && count++ == 0)
                {
                    found = element;
                }
            }
        }

        return count > 0;
    }

    /// <summary>Whether the token may say who may act with it, or what exactly it is good for; of one that is remembered, that is known without its claims.</summary>
    internal bool IsRestricted => Said.ValueKind != JsonValueKind.Undefined || Remembered is not { IsRestricted: false };

    /// <summary>A claim of the token itself; or, of those that say what the token is good for, of its authorization server's answer about it.</summary>
    internal bool TryGetAuthority(string name, out JsonElement claim) =>
        Claims.TryGetProperty(name, out claim) || (Said.ValueKind == JsonValueKind.Object && AuthorityClaims.Are(name) && Said.TryGetProperty(name, out claim));

    /// <summary>
    /// The token with what its authorization server said of it and it does not say itself; it ends no later than that says and has no scope that it
    /// leaves out, where it says so.
    /// </summary>
    internal ValidatedToken Told(JsonElement answer, DateTimeOffset? end)
    {
        var adds = AuthorityClaims.Adds(answer, this);
        var earlier = end < ExpiresAt ? end : null;
        var left = TokenClaims.TryReadScopes(answer, out var said) && said is not null ? Scopes.Intersect(said) : Scopes;
        return !adds && earlier is null && ReferenceEquals(left, Scopes) ? this : new(text)
        {
            Resource = Resource,
            Issuer = Issuer,
            Subject = Subject,
            ClientId = ClientId,
            TokenId = TokenId,
            Audiences = Audiences,
            Scopes = left,
            Actors = Actors.IsEmpty && TokenClaims.TryReadActors(answer, out var actors) ? actors : Actors,
            ExpiresAt = earlier ?? ExpiresAt,
            ClockSkew = ClockSkew,
            Claims = Claims,
            Confirmation = Confirmation,
            Remembered = Remembered,
            Said = adds ? answer : default,
            SaidDigest = AuthorityClaims.DigestOf(answer) + earlier?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Names no claim and no part of the token.</summary>
    public override string ToString() => $"validated token expiring {ExpiresAt:O}";
}
