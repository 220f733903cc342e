using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>The private key of a client and the algorithm that belongs to it.</summary>
/// <remarks>RFC 7518 §3.</remarks>
internal sealed class ClientKey
{
    private readonly ECDsa? ec;
    private readonly RSA? rsa;

    private ClientKey(ECDsa ec)
    {
        this.ec = ec;
        Algorithm = ec.KeySize switch
        {
            256 => "ES256",
            384 => "ES384",
            _ => throw new NotSupportedException("Only the curves P-256 and P-384 are used."),
        };
    }

    private ClientKey(RSA rsa, string algorithm)
    {
        this.rsa = rsa;
        Algorithm = rsa.KeySize >= 2048 ? algorithm : throw new NotSupportedException("An RSA key has at least 2048 bits.");
    }

    public string Algorithm { get; }

    public byte[] Sign(ReadOnlySpan<byte> data) => Algorithm switch
    {
        "ES256" => ec!.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        "ES384" => ec!.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        "RS256" => rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        _ => rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
    };

    /// <summary>Reads a PEM key: PKCS#8, SEC 1 or PKCS#1. Throws what the parsers throw.</summary>
    public static ClientKey FromPem(byte[] pem, string rsaAlgorithm)
    {
        var text = new char[Encoding.UTF8.GetCharCount(pem)];
        Encoding.UTF8.GetChars(pem, text);
        try
        {
            // The label PRIVATE KEY does not say of which kind the key is.
            return TryElliptic(text) ?? Make(Import(RSA.Create(), text), rsa => new ClientKey(rsa, rsaAlgorithm));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }

    private static ClientKey? TryElliptic(char[] pem)
    {
        ECDsa ec;
        try
        {
            ec = Import(ECDsa.Create(), pem);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return null;
        }

        return Make(ec, ec => new ClientKey(ec));
    }

    private static T Import<T>(T key, char[] pem)
        where T : AsymmetricAlgorithm
    {
        return Make(key, key =>
        {
            key.ImportFromPem(pem);
            return key;
        });
    }

    // What is no key, or one that is not used, is not left for later.
    private static T Make<TKey, T>(TKey key, Func<TKey, T> make)
        where TKey : AsymmetricAlgorithm
    {
        try
        {
            return make(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
