using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>The claims that decide, read without any leniency: a number is a plain integer, a string is a string.</summary>
/// <remarks>RFC 7519 §4.1; RFC 9068 §2.2; RFC 8693 §4.</remarks>
internal sealed record TokenClaims
{
    // The last second that DateTimeOffset can hold.
    private const long LastSecond = 253_402_300_799;

    /// <summary>The claims that name the client, in the order in which they count.</summary>
    public static ImmutableArray<string> ClientNames { get; } = ["client_id", "azp", "appid", "cid"];

    /// <summary>Seconds since 1970; null when absent.</summary>
    public required long? Expiry { get; init; }

    public required long? NotBefore { get; init; }

    public required long? IssuedAt { get; init; }

    /// <summary>Null when absent; an empty value counts as no audience.</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    public required string? ClientId { get; init; }

    public required string? TokenId { get; init; }

    public required ScopeSet Scopes { get; init; }

    /// <summary>Whether the token says anything about scopes.</summary>
    public required bool HasScope { get; init; }

    public override string ToString() => "claims of a token";

    /// <summary>Reads all of them; null when one has a type that it must not have. What must be there is for the caller to say.</summary>
    public static TokenClaims? Read(JsonElement payload)
    {
        if (!TryReadSeconds(payload, "exp", out var expiry) || !TryReadSeconds(payload, "nbf", out var notBefore) ||
            !TryReadSeconds(payload, "iat", out var issuedAt) || !TryReadText(payload, "jti", out var tokenId) ||
            !TryReadAudiences(payload, out var audiences) || !TryReadClient(payload, out var client) ||
            !TryReadScopes(payload, out var scopes))
        {
            return null;
        }

        return new TokenClaims
        {
            Expiry = expiry,
            NotBefore = notBefore,
            IssuedAt = issuedAt,
            Audiences = audiences,
            ClientId = client,
            TokenId = tokenId,
            Scopes = scopes ?? ScopeSet.Empty,
            HasScope = scopes is not null,
        };
    }

    /// <summary>Whether claims are there that ID, logout and refresh tokens have, whose header often says no more than that of an access token.</summary>
    /// <remarks>RFC 8725 §3.12; OpenID Connect Core 1.0 §2 and §3.3.2.11.</remarks>
    public static bool AreOfAnotherToken(JsonElement payload) =>
        HaveAny(payload, ["nonce", "at_hash", "c_hash", "s_hash", "events"]) ||
        (payload.TryGetProperty("typ", out _) && Jws.StringOf(payload, "typ") switch
        {
            "Bearer" => false,

            // So Keycloak says that it is bound, for which a proof is asked.
            "DPoP" => !payload.TryGetProperty("cnf", out _),
            _ => true,
        });

    /// <summary>Whether one of these claims is there.</summary>
    public static bool HaveAny(JsonElement payload, ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (payload.TryGetProperty(name, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the chain of actors, the current one first; each must be an object with a subject.</summary>
    public static bool TryReadActors(JsonElement payload, out ImmutableArray<string> actors)
    {
        actors = [];
        if (!payload.TryGetProperty("act", out var actor))
        {
            return true;
        }

        var chain = ImmutableArray.CreateBuilder<string>();
        do
        {
            if (actor.ValueKind != JsonValueKind.Object || Jws.StringOf(actor, "sub") is not { Length: > 0 } subject)
            {
                return false;
            }

            chain.Add(subject);
        }
        while (actor.TryGetProperty("act", out actor));

        actors = chain.ToImmutable();
        return true;
    }

    /// <summary>The strings of a claim that is one string or an array of strings; false for anything else.</summary>
    public static bool TryReadStrings(JsonElement value, out ImmutableArray<string> strings)
    {
        strings = [];
        if (value.ValueKind == JsonValueKind.String)
        {
            strings = [value.GetString()!];
            return true;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            read.Add(item.GetString()!);
        }

        strings = read.MoveToImmutable();
        return true;
    }

    /// <summary>Reads a time as a plain integer; null when it is absent, false when it is anything else.</summary>
    public static bool TryReadSeconds(JsonElement payload, string name, out long? seconds)
    {
        seconds = null;
        if (!payload.TryGetProperty(name, out var claim))
        {
            return true;
        }

        // Digits and nothing else: another reader might round a fraction or an exponent to another second.
        if (claim.ValueKind != JsonValueKind.Number ||
            JsonMarshal.GetRawUtf8Value(claim).ContainsAnyExceptInRange((byte)'0', (byte)'9') ||
            !claim.TryGetInt64(out var value) || value > LastSecond)
        {
            return false;
        }

        seconds = value;
        return true;
    }

    private static bool TryReadText(JsonElement payload, string name, out string? text)
    {
        text = Jws.StringOf(payload, name);
        return text is not null || !payload.TryGetProperty(name, out _);
    }

    private static bool TryReadAudiences(JsonElement payload, out ImmutableArray<string> audiences)
    {
        audiences = [];
        if (!payload.TryGetProperty("aud", out var claim))
        {
            return true;
        }

        if (!TryReadStrings(claim, out audiences))
        {
            return false;
        }

        if (audiences is [""])
        {
            audiences = [];
        }

        return true;
    }

    private static bool TryReadClient(JsonElement payload, out string? client)
    {
        client = null;
        foreach (var name in ClientNames)
        {
            if (!TryReadText(payload, name, out var value) || value is "")
            {
                return false;
            }

            client ??= value;
        }

        return true;
    }

    /// <summary>Reads the scopes from <c>scope</c> or <c>scp</c>, never from both when they differ; null without either.</summary>
    public static bool TryReadScopes(JsonElement payload, out ScopeSet? scopes)
    {
        scopes = null;
        if (!TryReadText(payload, "scope", out var text))
        {
            return false;
        }

        if (text is not null && !ScopeSet.TryParse(text, out scopes))
        {
            return false;
        }

        if (!payload.TryGetProperty("scp", out var claim))
        {
            return true;
        }

        if (!TryReadStrings(claim, out var list))
        {
            return false;
        }

        ScopeSet? other;
        if (claim.ValueKind == JsonValueKind.String)
        {
            if (!ScopeSet.TryParse(list[0], out other))
            {
                return false;
            }
        }
        else
        {
            foreach (var element in list)
            {
                if (!ScopeSet.IsToken(element))
                {
                    return false;
                }
            }

            other = ScopeSet.Of(list);
        }

        if (scopes is not null && !scopes.Equals(other))
        {
            return false;
        }

        scopes = other;
        return true;
    }
}
