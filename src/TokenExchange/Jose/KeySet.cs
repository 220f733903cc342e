using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>The keys of one JWKS document by key id. Keys without an id are left out, since no token can name them, and so is what is no key.</summary>
/// <remarks>RFC 7517 §5. One id may stand for several keys (§4.5); it is resolved only when exactly one of them is for the algorithm. One key listed twice is one key.</remarks>
internal sealed class KeySet
{
    private const int MostKeys = 100;
    private readonly FrozenDictionary<string, ImmutableArray<VerificationKey>> keys;

    private KeySet(FrozenDictionary<string, ImmutableArray<VerificationKey>> keys) => this.keys = keys;

    public bool Knows(string kid) => keys.ContainsKey(kid);

    /// <summary>The one key with this id that is for this algorithm; null when there is none, or more than one.</summary>
    public VerificationKey? Find(string kid, string algorithm)
    {
        VerificationKey? found = null;
        foreach (var key in keys[kid])
        {
            if (key.IsFor(algorithm))
            {
                if (found is not null && !found.IsSameAs(key))
                {
                    return null;
                }

                found ??= key;
            }
        }

        return found;
    }

    /// <summary>Whether a token of one of these algorithms could name a key here that verifies it; of any algorithm when none is given.</summary>
    public bool VerifiesSomething(ImmutableArray<string> algorithms) =>
        keys.Any(entry => algorithms.IsDefault ? entry.Value.Any(key => key.IsFit) : algorithms.Any(algorithm => Find(entry.Key, algorithm) is not null));

    /// <summary>Reads a whole document; null when it is no JWK set, or one of more than 100 keys.</summary>
    public static KeySet? Read(ReadOnlySpan<byte> document)
    {
        if (StrictJson.Read(document, out var root) != JsonForm.Sound ||
            !root.TryGetProperty("keys", out var members) || members.ValueKind != JsonValueKind.Array ||
            members.GetArrayLength() > MostKeys)
        {
            return null;
        }

        var keys = new Dictionary<string, ImmutableArray<VerificationKey>>(StringComparer.Ordinal);
        foreach (var member in members.EnumerateArray())
        {
            if (member.ValueKind == JsonValueKind.Object && Jws.StringOf(member, "kid") is { Length: > 0 } kid)
            {
                var others = keys.GetValueOrDefault(kid, []);
                keys[kid] = others.Add(VerificationKey.Read(member));
            }
        }

        return new KeySet(keys.ToFrozenDictionary(StringComparer.Ordinal));
    }
}
