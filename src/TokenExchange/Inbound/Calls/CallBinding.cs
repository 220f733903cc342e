using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Calls;

/// <summary>What a token says of the one call that it is for.</summary>
public enum CallFit
{
    /// <summary>It is for this very call.</summary>
    ThisCall,

    /// <summary>It is bound to no call, or has no id by which its one use could be told.</summary>
    NoCall,

    /// <summary>It is for another call, or for more than one.</summary>
    AnotherCall,
}

/// <summary>
/// Whether a token is for one very call: it holds exactly one <c>mcp_call</c>, and that is of this server, method, name and of
/// the bytes of this body. Stolen on its way, it is good for nothing else, and for that once.
/// </summary>
/// <remarks>RFC 9396 §2; RFC 9530 for the digest.</remarks>
public static class CallBinding
{
    /// <summary>The type of the authorization detail that names a call.</summary>
    public const string Type = "mcp_call";

    // A token is refused this long after its end at the latest, whatever its issuer's clock says.
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(5);

    /// <summary>Holds a token against a call.</summary>
    /// <param name="token">The token.</param>
    /// <param name="locations">The identifiers of this server.</param>
    /// <param name="method">The JSON-RPC method; of what has none (GET, DELETE, responses) the HTTP method.</param>
    /// <param name="name">What the method is applied to; null where it is applied to nothing.</param>
    /// <param name="body">The bytes of the body, exactly as received.</param>
    public static CallFit Judge(ValidatedToken token, ImmutableArray<string> locations, string method, string? name, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.TokenId is not { Length: > 0 } || !token.TryFindDetail(Type, out var call, out var count))
        {
            return CallFit.NoCall;
        }

        return count == 1 && IsOf(call, locations, method, name, body) ? CallFit.ThisCall : CallFit.AnotherCall;
    }

    /// <summary>The one use of a token that is bound to a call, to be taken once everything else was found good.</summary>
    public static UsedId UseOf(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        const string purpose = "call-token";

        // The length is part of it, so that no two pairs are written alike. Not hashed in another way: replicas of two versions share the digest.
        return UsedId.Of(purpose, token, TokenDigest.Of($"{purpose}:{token.Issuer.Length}:{token.Issuer}{token.TokenId}"), token.ExpiresAt + MostSkew);
    }

    private static bool IsOf(JsonElement call, ImmutableArray<string> locations, string method, string? name, ReadOnlySpan<byte> body)
    {
        var members = 0;
        foreach (var member in call.EnumerateObject())
        {
            members++;
            var fits = member.Name switch
            {
                "type" => true,
                "locations" => member.Value.ValueKind == JsonValueKind.Array && member.Value.GetArrayLength() == 1
                    && member.Value[0].ValueKind == JsonValueKind.String && locations.Contains(member.Value[0].GetString()!, StringComparer.Ordinal),
                "method" => Is(member.Value, method),
                "name" => name is not null && Is(member.Value, name),
                "content_digest" => Is(member.Value, ContentDigest.Of(body)),
                _ => false,
            };
            if (!fits)
            {
                return false;
            }
        }

        // Every member there fits, and none is there twice: so many are all of them.
        return members == (name is null ? 4 : 5);
    }

    private static bool Is(JsonElement value, string expected) => value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);
}
