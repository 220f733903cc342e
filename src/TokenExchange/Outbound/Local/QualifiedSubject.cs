using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Outbound.Local;

/// <summary>One name for a subject among all issuers, whoever chose the same <c>sub</c>.</summary>
public static class QualifiedSubject
{
    /// <summary>base64url of SHA-256 over issuer and subject in UTF-8, each after its length in bytes as four bytes, big-endian.</summary>
    public static string Of(string issuer, string subject)
    {
        var bytes = new byte[(2 * sizeof(int)) + Encoding.UTF8.GetByteCount(issuer) + Encoding.UTF8.GetByteCount(subject)];
        Write(subject, Write(issuer, bytes));
        return Base64Url.EncodeToString(SHA256.HashData(bytes));
    }

    private static Span<byte> Write(string value, Span<byte> to)
    {
        var length = Encoding.UTF8.GetBytes(value, to[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        return to[(sizeof(int) + length)..];
    }
}
