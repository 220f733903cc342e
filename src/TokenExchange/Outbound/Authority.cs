using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Result;

namespace TokenExchange.Outbound;

/// <summary>In what respects one authority can be more or less than another.</summary>
public enum AuthorityPart
{
    /// <summary>Where it counts (<c>aud</c>).</summary>
    Audience,

    /// <summary>For whom it speaks (<c>sub</c>).</summary>
    Subject,

    /// <summary>What may be done (<c>scope</c>).</summary>
    Scope,

    /// <summary>What exactly may be done (<c>authorization_details</c>).</summary>
    Details,

    /// <summary>Who acts, and who acted before (<c>act</c>).</summary>
    Actors,

    /// <summary>Who can use it (<c>cnf</c>).</summary>
    Confirmation,

    /// <summary>Until when (<c>exp</c>).</summary>
    Lifetime,
}

/// <summary>
/// What a token lets its holder do. Ordered in part: one authority is within another when it is no more in any respect;
/// two can each be more than the other. What goes out is within <see cref="Most"/> of what came in, in every mode.
/// </summary>
public sealed record Authority
{
    private Authority()
    {
    }

    /// <summary>Names nobody.</summary>
    public override string ToString() => Ends is { } ends ? $"authority until {ends:O}" : "authority";

    /// <summary>No authority of anybody's: what goes out in the modes without a token.</summary>
    public static Authority None { get; } = new();

    /// <summary>Where it counts.</summary>
    public ImmutableArray<string> Audiences { get; private init; } = [];

    /// <summary>For whom it speaks; null when that cannot be seen.</summary>
    public string? Subject { get; private init; }

    /// <summary>What may be done.</summary>
    public ScopeSet Scopes { get; private init; } = ScopeSet.Empty;

    /// <summary>What exactly may be done: an array of details, or undefined.</summary>
    /// <remarks>RFC 9396.</remarks>
    public JsonElement Details { get; private init; }

    /// <summary>Who acts, and within it who acted before; or undefined.</summary>
    /// <remarks>RFC 8693 §4.1.</remarks>
    public JsonElement Actors { get; private init; }

    /// <summary>The key that its holder must prove; or undefined: whoever bears it.</summary>
    /// <remarks>RFC 7800.</remarks>
    public JsonElement Confirmation { get; private init; }

    /// <summary>Until when.</summary>
    public DateTimeOffset Ends { get; private init; }

    /// <summary>The authority of an inbound token.</summary>
    public static Authority Of(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new Authority
        {
            Audiences = token.Audiences,
            Subject = token.Subject,
            Scopes = token.Scopes,
            Details = Claim(token, AuthorizationDetails.Name),
            Actors = Claim(token, "act"),
            Confirmation = Claim(token, "cnf"),
            Ends = token.ExpiresAt,
        };
    }

    /// <summary>The authority of a hop token: what it says itself, and of an opaque one what is known of it.</summary>
    public static Authority Of(OutboundToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var text = token.AuthorizationHeader.AsMemory()[(token.AuthorizationHeader.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        var claims = Jws.PayloadOf(text);
        return new Authority
        {
            Audiences = token.Audiences,
            Subject = claims.ValueKind == JsonValueKind.Object ? Jws.StringOf(claims, "sub") : null,
            Scopes = token.Scopes,
            Details = Member(claims, AuthorizationDetails.Name),
            Actors = Member(claims, "act"),
            Confirmation = Member(claims, "cnf"),
            Ends = token.ExpiresAt,
        };
    }

    /// <summary>The most that a hop token for the request may be good for; a result that is more in any respect is refused.</summary>
    public static Authority Most(TokenExchangeRequest request, bool qualifiesSubject = false)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (subject, target, scopes) = request;
        return Of(subject) with
        {
            Audiences = target.ResultAudiences,
            Subject = qualifiesSubject ? QualifiedSubject.Of(subject.Issuer, subject.Subject) : subject.Subject,
            Scopes = scopes.Union(target.ExtraResultScopes),
            Confirmation = default,
            Ends = subject.ExpiresAt + (target.MaxOutlive ?? target.MaxLifetime),
        };
    }

    /// <summary>
    /// In which respects this is more than <paramref name="bound"/>; none: it is within it. Details that are gone, actors
    /// that are gone and a key that need not be proven any more are more, not less. <paramref name="resource"/> is where
    /// relocated details may say that they count.
    /// </summary>
    public ImmutableArray<AuthorityPart> Beyond(Authority bound, string resource)
    {
        ArgumentNullException.ThrowIfNull(bound);
        var parts = ImmutableArray.CreateBuilder<AuthorityPart>();
        Add(!Audiences.All(audience => bound.Audiences.Contains(audience, StringComparer.Ordinal)), AuthorityPart.Audience);
        Add(Subject is not null && Subject != bound.Subject, AuthorityPart.Subject);
        Add(!Scopes.IsSubsetOf(bound.Scopes), AuthorityPart.Scope);
        Add(!AuthorizationDetails.AreWithin(Details, bound.Details, null, resource, []), AuthorityPart.Details);
        Add(bound.Actors.ValueKind != JsonValueKind.Undefined && !Holds(Actors, bound.Actors), AuthorityPart.Actors);
        Add(bound.Confirmation.ValueKind != JsonValueKind.Undefined && !ResultActors.AreEqual(Confirmation, bound.Confirmation), AuthorityPart.Confirmation);
        Add(Ends > bound.Ends, AuthorityPart.Lifetime);
        return parts.ToImmutable();

        void Add(bool beyond, AuthorityPart part)
        {
            if (beyond)
            {
                parts.Add(part);
            }
        }
    }

    /// <summary>In which respects this is less than <paramref name="other"/>.</summary>
    public ImmutableArray<AuthorityPart> ShortOf(Authority other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return
        [
            .. Audiences.SequenceEqual(other.Audiences) ? [] : (ReadOnlySpan<AuthorityPart>)[AuthorityPart.Audience],
            .. other.Scopes.IsSubsetOf(Scopes) ? [] : (ReadOnlySpan<AuthorityPart>)[AuthorityPart.Scope],
            .. AuthorizationDetails.Count(Details, []) < AuthorizationDetails.Count(other.Details, []) ? (ReadOnlySpan<AuthorityPart>)[AuthorityPart.Details] : [],
            .. Confirmation.ValueKind != JsonValueKind.Undefined && other.Confirmation.ValueKind == JsonValueKind.Undefined ? (ReadOnlySpan<AuthorityPart>)[AuthorityPart.Confirmation] : [],
            .. Ends < other.Ends ? (ReadOnlySpan<AuthorityPart>)[AuthorityPart.Lifetime] : [],
        ];
    }

    // The inbound chain is the tail of the outbound one: whoever acts now stands before those who acted before.
    private static bool Holds(JsonElement chain, JsonElement tail)
    {
        while (chain.ValueKind == JsonValueKind.Object)
        {
            if (ResultActors.AreEqual(chain, tail))
            {
                return true;
            }

            chain = Member(chain, "act");
        }

        return false;
    }

    private static JsonElement Claim(ValidatedToken token, string name) => token.TryGetAuthority(name, out var claim) ? claim : default;

    private static JsonElement Member(JsonElement claims, string name) =>
        claims.ValueKind == JsonValueKind.Object && claims.TryGetProperty(name, out var member) ? member : default;
}
