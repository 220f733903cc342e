using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>One key of the ring. Signing is safe from any number of threads.</summary>
internal sealed class SigningKey
{
    private readonly AsymmetricAlgorithm key;
    private readonly SigningAlgorithm algorithm;
    private readonly (string Name, string Value)[] members;
    private volatile bool isRetired;

    public SigningKey(AsymmetricAlgorithm key, SigningAlgorithm algorithm)
    {
        this.key = key;
        this.algorithm = algorithm;
        members = PublicMembers(key, algorithm);
        Id = Thumbprint.Of(members);
        Header = Encoding.ASCII.GetBytes(Base64Url.EncodeToString(HeaderOf(algorithm.Name, Id)) + ".");
        SignatureLength = key is ECDsa ec ? ec.GetMaxSignatureSize(DSASignatureFormat.IeeeP1363FixedFieldConcatenation) : ((RSA)key).GetMaxOutputSize();
    }

    /// <summary>The key's id: its thumbprint.</summary>
    /// <remarks>RFC 7638.</remarks>
    public string Id { get; }

    /// <summary>The encoded header of every token that the key signs, with the dot after it.</summary>
    public byte[] Header { get; }

    public int SignatureLength { get; }

    /// <summary>The members of the public key, in the order of their names.</summary>
    public ReadOnlySpan<(string Name, string Value)> Members => members;

    /// <summary>Whether the key is published no more, so that what it signed is not to be sent any more either.</summary>
    public bool IsRetired => isRetired;

    public void Retire() => isRetired = true;

    public int Sign(ReadOnlySpan<byte> signingInput, Span<byte> signature)
    {
        int written;
        var done = key is ECDsa ec
            ? ec.TrySignData(signingInput, signature, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out written)
            : ((RSA)key).TrySignData(signingInput, signature, algorithm.Hash, algorithm.Padding!, out written);
        return done ? written : throw new CryptographicException("The signature is longer than the key says.");
    }

    /// <summary>Writes the public key as a JWK. The members are named one by one: a private one cannot slip in.</summary>
    public void WriteJwk(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (name, value) in members)
        {
            json.WriteString(name, value);
        }

        json.WriteString("use", "sig");
        json.WriteString("alg", algorithm.Name);
        json.WriteString("kid", Id);
        json.WriteEndObject();
    }

    public override string ToString() => $"signing key {Id}";

    /// <summary>For a key that nobody has signed with, or will.</summary>
    public void Discard() => key.Dispose();

    private static (string, string)[] PublicMembers(AsymmetricAlgorithm key, SigningAlgorithm algorithm)
    {
        if (key is ECDsa ec)
        {
            var point = ec.ExportParameters(includePrivateParameters: false).Q;
            return [("crv", algorithm.CurveName!), ("kty", "EC"), ("x", Base64Url.EncodeToString(point.X)), ("y", Base64Url.EncodeToString(point.Y))];
        }

        var numbers = ((RSA)key).ExportParameters(includePrivateParameters: false);
        return [("e", Base64Url.EncodeToString(numbers.Exponent)), ("kty", "RSA"), ("n", Base64Url.EncodeToString(numbers.Modulus))];
    }

    private static byte[] HeaderOf(string algorithm, string id) =>
        Encoding.ASCII.GetBytes($$"""{"typ":"at+jwt","alg":"{{algorithm}}","kid":"{{id}}"}""");
}
