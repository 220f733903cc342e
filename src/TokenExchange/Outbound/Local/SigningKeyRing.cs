using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>
/// The keys of one moment, all published. The newest that everybody had five minutes to fetch signs; so a key is
/// published before it signs. Rotating is: add a file, wait ten minutes (until the new key signs and the last token of
/// the old one has expired), remove the old file. Removing retires a key at once.
/// </summary>
internal sealed class SigningKeyRing
{
    private static readonly TimeSpan PublishedFirst = TimeSpan.FromMinutes(5);

    private SigningKeyRing(ImmutableArray<(SigningKey Key, DateTimeOffset CreatedAt)> keys, ImmutableArray<string> problems)
    {
        Keys = keys;
        Problems = problems;
        Jwks = JwksOf(keys);
    }

    /// <summary>The keys, the oldest first.</summary>
    public ImmutableArray<(SigningKey Key, DateTimeOffset CreatedAt)> Keys { get; }

    /// <summary>Every reason for which this ring must not be used.</summary>
    public ImmutableArray<string> Problems { get; }

    public ReadOnlyMemory<byte> Jwks { get; }

    /// <summary>Reads all files. A key that <paramref name="previous"/> holds already stays the same object.</summary>
    public static SigningKeyRing Of(KeyFiles files, SigningAlgorithm algorithm, SigningKeyRing? previous)
    {
        var keys = ImmutableArray.CreateBuilder<(SigningKey Key, DateTimeOffset CreatedAt)>();
        var problems = ImmutableArray.CreateBuilder<string>();
        if (files.Problem is not null)
        {
            problems.Add(files.Problem);
        }

        foreach (var file in files.Files.OrderBy(file => file.CreatedAt))
        {
            if (Import(file, algorithm, out var problem) is not { } key)
            {
                problems.Add(problem);
            }
            else
            {
                // Of two with one id nobody has seen this one yet: only such a key is discarded, since what signs may be in use.
                var known = previous?.Keys.FirstOrDefault(other => other.Key.Id == key.Id).Key;
                var isTwice = keys.Any(other => other.Key.Id == key.Id);
                if (!isTwice)
                {
                    keys.Add((known ?? key, file.CreatedAt));
                }

                if (isTwice || known is not null)
                {
                    key.Discard();
                }
            }
        }

        if (keys.Count == 0 && problems.Count == 0)
        {
            problems.Add($"{files.Directory} holds no signing key; 'keys new --directory {files.Directory}' makes one.");
        }

        return new(keys.ToImmutable(), problems.ToImmutable());
    }

    /// <summary>The key that signs now: the newest that is at least five minutes old, else the oldest.</summary>
    public SigningKey Signer(DateTimeOffset now)
    {
        for (var i = Keys.Length - 1; i > 0; i--)
        {
            if (now - Keys[i].CreatedAt >= PublishedFirst)
            {
                return Keys[i].Key;
            }
        }

        return Keys[0].Key;
    }

    public void RetireAllBut(SigningKeyRing next)
    {
        foreach (var (key, _) in Keys)
        {
            if (!next.Keys.Any(other => other.Key == key))
            {
                key.Retire();
            }
        }
    }

    private static SigningKey? Import(KeyFile file, SigningAlgorithm algorithm, out string problem)
    {
        if (file.Problem is not null)
        {
            problem = file.Problem;
            return null;
        }

        problem = $"{file.Path} is not one PKCS#8 private key (PEM 'PRIVATE KEY') that is {algorithm.KeyKind}, as {algorithm.Name} needs.";
        var text = Encoding.ASCII.GetChars(file.Content);
        try
        {
            return Pkcs8(text, algorithm) is { } key ? new SigningKey(key, algorithm) : null;
        }
        finally
        {
            Array.Clear(text);
        }
    }

    private static AsymmetricAlgorithm? Pkcs8(ReadOnlySpan<char> text, SigningAlgorithm algorithm)
    {
        if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] is not "PRIVATE KEY" || PemEncoding.TryFind(text[fields.Location.End..], out _))
        {
            return null;
        }

        var bytes = new byte[fields.DecodedDataLength];
        try
        {
            return Convert.TryFromBase64Chars(text[fields.Base64Data], bytes, out var length) ? algorithm.Import(bytes.AsSpan(0, length)) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static ReadOnlyMemory<byte> JwksOf(ImmutableArray<(SigningKey Key, DateTimeOffset CreatedAt)> keys)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("keys");
        foreach (var (key, _) in keys)
        {
            key.WriteJwk(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
