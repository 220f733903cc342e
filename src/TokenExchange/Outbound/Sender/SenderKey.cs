using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Sender;

/// <summary>
/// A key of our own that tokens are bound to. Proves that we hold it, for one request at a time; the key itself is shown
/// to nobody. Safe from any number of threads.
/// </summary>
/// <remarks>RFC 9449 §4.</remarks>
public sealed class SenderKey
{
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? reusable;

    private readonly SigningKey key;
    private readonly byte[] header;

    internal SenderKey(AsymmetricAlgorithm key, SigningAlgorithm algorithm)
    {
        this.key = new SigningKey(key, algorithm);
        var members = new List<string>();
        foreach (var (name, value) in this.key.Members)
        {
            members.Add($"\"{name}\":\"{value}\"");
        }

        var jwk = "{" + string.Join(',', members) + "}";
        header = Encoding.ASCII.GetBytes(Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"typ":"dpop+jwt","alg":"{{algorithm.Name}}","jwk":{{jwk}}}""")) + ".");
    }

    /// <summary>The thumbprint of the public key, which tokens name (<c>cnf.jkt</c>).</summary>
    /// <remarks>RFC 7638.</remarks>
    public string Thumbprint => key.Id;

    /// <summary>A new key, ES256.</summary>
    internal static SenderKey Create()
    {
        var algorithm = SigningAlgorithm.Named("ES256")!;
        return new SenderKey(algorithm.CreateKey(), algorithm);
    }

    /// <summary>Reads a PEM key: PKCS#8, SEC 1 or PKCS#1. Throws what the parsers throw, and <see cref="NotSupportedException"/> for a key of another kind.</summary>
    /// <remarks>P-256 signs with ES256, P-384 with ES384, RSA of 2048 bits or more with PS256.</remarks>
    internal static SenderKey FromPem(byte[] pem)
    {
        var text = new char[Encoding.UTF8.GetCharCount(pem)];
        Encoding.UTF8.GetChars(pem, text);
        try
        {
            // The label PRIVATE KEY does not say of which kind the key is.
            foreach (var name in (string[])["ES256", "ES384", "PS256"])
            {
                var algorithm = SigningAlgorithm.Named(name)!;
                if (algorithm.ImportPem(text) is { } key)
                {
                    var sender = new SenderKey(key, algorithm);

                    // A public key alone reads as well, and shows only when it is to sign.
                    _ = sender.Proof("GET", "", default);
                    return sender;
                }
            }

            throw new NotSupportedException("The key is neither EC on P-256 or P-384 nor RSA of at least 2048 bits.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }

    /// <summary>A proof for one request, with an id of its own.</summary>
    /// <param name="method">The method (<c>htm</c>).</param>
    /// <param name="uri">The URI, without query and fragment (<c>htu</c>).</param>
    /// <param name="now">The time (<c>iat</c>).</param>
    /// <param name="tokenHash">The hash of the token that goes with it (<c>ath</c>); null when none does.</param>
    /// <param name="nonce">The nonce that the server asked for; null when it did not.</param>
    /// <param name="contentDigest">The digest of the body (<c>content_digest</c>); null without a body.</param>
    internal string Proof(string method, string uri, DateTimeOffset now, string? tokenHash = null, string? nonce = null, string? contentDigest = null)
    {
        var (buffer, json) = reusable ??= Rent();
        buffer.ResetWrittenCount();
        json.Reset();
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        json.WriteStartObject();
        json.WriteString("jti"u8, Base64Url.EncodeToString(random));
        json.WriteString("htm"u8, method);
        json.WriteString("htu"u8, uri);
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        WriteIfGiven(json, "ath"u8, tokenHash);
        WriteIfGiven(json, "nonce"u8, nonce);
        WriteIfGiven(json, "content_digest"u8, contentDigest);
        json.WriteEndObject();
        json.Flush();
        return Sign(buffer.WrittenSpan);
    }

    /// <summary>For a key that nobody has proven anything with, or will.</summary>
    internal void Discard() => key.Discard();

    /// <summary>Names the public key alone.</summary>
    public override string ToString() => $"sender key {Thumbprint}";

    private string Sign(ReadOnlySpan<byte> claims)
    {
        var input = header.Length + Base64Url.GetEncodedLength(claims.Length);
        var rented = ArrayPool<byte>.Shared.Rent(input + 1 + Base64Url.GetEncodedLength(key.SignatureLength));
        try
        {
            header.CopyTo(rented, 0);
            Base64Url.EncodeToUtf8(claims, rented.AsSpan(header.Length));
            Span<byte> signature = stackalloc byte[key.SignatureLength];
            var signed = key.Sign(rented.AsSpan(0, input), signature);
            rented[input] = (byte)'.';
            var encoded = Base64Url.EncodeToUtf8(signature[..signed], rented.AsSpan(input + 1));
            return Encoding.ASCII.GetString(rented, 0, input + 1 + encoded);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void WriteIfGiven(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) Rent()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        return (buffer, new Utf8JsonWriter(buffer, JoseJson.Options));
    }
}
