using System.Buffers.Text;
using System.Security.Cryptography;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>One name for a subject among all issuers, whoever chose the same <c>sub</c>.</summary>
public static class QualifiedSubject
{
    /// <summary>base64url of SHA-256 over issuer and subject in UTF-8, each after its length in bytes as four bytes, big-endian.</summary>
    public static string Of(string issuer, string subject)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendFields(issuer, subject);
        return Base64Url.EncodeToString(hash.GetHashAndReset());
    }
}
