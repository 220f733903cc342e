using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Verify;

namespace TokenExchange;

/// <summary>
/// An inbound access token that passed every check for one resource. Only the validator creates one, so that a token
/// nobody validated cannot be exchanged: it does not compile.
/// </summary>
public sealed class ValidatedToken
{
    private readonly ReadOnlyMemory<char> text;
    private JsonElement claims;

    internal ValidatedToken(ReadOnlyMemory<char> text, TokenDigest digest)
    {
        this.text = text;
        Digest = digest;
    }

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

    /// <summary>All claims: one JSON object, for rules that name a claim.</summary>
    public required JsonElement Claims
    {
        get
        {
            if (claims.ValueKind == JsonValueKind.Undefined && !text.IsEmpty)
            {
                // Of a token that was remembered without them: read once more from what was verified.
                claims = Jws.PayloadOf(text);
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

    /// <summary>The digest that stands for the token in keys and logs.</summary>
    public TokenDigest Digest { get; }

    /// <summary>The token itself. It leaves this library only in the body of an exchange, or by mode same-token.</summary>
    internal string Value => text.ToString();

    /// <summary>The session at the issuer (<c>sid</c>); null without one.</summary>
    internal string? Session { get; private init; }

    /// <summary>When the token was issued (<c>iat</c>), in seconds since 1970; null when it does not say.</summary>
    internal long? IssuedAt { get; private init; }

    /// <summary>
    /// The token as it is remembered: without its text, which whoever presents it again brings along, and without its claims
    /// unless they are asked for at every use. What is equal in <paramref name="like"/> is shared with it.
    /// </summary>
    internal ValidatedToken ToRemember(ValidatedToken? like, bool withClaims) => Copy(default, withClaims ? claims : default, like ?? this);

    /// <summary>The remembered token as it was presented again; the caller has compared the digests.</summary>
    internal ValidatedToken Presented(ReadOnlyMemory<char> again) => Copy(again, claims, this);

    private ValidatedToken Copy(ReadOnlyMemory<char> copyText, JsonElement copyClaims, ValidatedToken like) => new(copyText, Digest)
    {
        Resource = Resource,
        Issuer = Issuer,
        Subject = like.Subject == Subject ? like.Subject : Subject,
        ClientId = like.ClientId == ClientId ? like.ClientId : ClientId,
        TokenId = TokenId,
        Audiences = like.Audiences.SequenceEqual(Audiences) ? like.Audiences : Audiences,
        Scopes = like.Scopes.Equals(Scopes) ? like.Scopes : Scopes,
        Actors = Actors,
        ExpiresAt = ExpiresAt,
        Claims = copyClaims,
        Session = Session,
        IssuedAt = IssuedAt,
    };

    /// <summary>Names no claim and no part of the token.</summary>
    public override string ToString() => $"validated token expiring {ExpiresAt:O}";
}
