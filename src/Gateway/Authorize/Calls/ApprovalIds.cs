using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace Gateway.Authorize.Calls;

/// <summary>
/// Identifiers of approvals that nobody remembers until they are used: a time, a random part, and an HMAC over both, the
/// server, the caller and what is to be approved. Any replica with one of the keys knows its own.
/// </summary>
internal sealed class ApprovalIds(ImmutableArray<byte[]> keys, TimeProvider clock)
{
    /// <summary>How long an approval is good after the refusal that asked for it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int TimeLength = sizeof(long), RandomLength = 16, Head = TimeLength + RandomLength, Length = Head + HMACSHA256.HashSizeInBytes;
    private static readonly int TextLength = Base64Url.GetEncodedLength(Length);

    /// <summary>An identifier of now, for one caller and one call.</summary>
    public string Create(string server, ValidatedToken caller, ReadOnlySpan<byte> call)
    {
        Span<byte> id = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(id, clock.GetUtcNow().ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(id[TimeLength..Head]);
        Sign(keys[0], id[..Head], server, caller, call, id[Head..]);
        return Base64Url.EncodeToString(id);
    }

    /// <summary>When the identifier ends; null when it is not of this server, caller and call, or not good now.</summary>
    public DateTimeOffset? EndOf(string identifier, string server, ValidatedToken caller, ReadOnlySpan<byte> call)
    {
        Span<byte> id = stackalloc byte[Length];
        if (identifier.Length != TextLength || !Base64Url.IsValid(identifier) || !Base64Url.TryDecodeFromChars(identifier, id, out var written) || written != Length
            || Base64Url.EncodeToString(id) != identifier)
        {
            return null;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var ours = false;
        foreach (var key in keys)
        {
            Sign(key, id[..Head], server, caller, call, mac);
            ours |= CryptographicOperations.FixedTimeEquals(mac, id[Head..]);
        }

        if (!ours)
        {
            return null;
        }

        var made = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(id));
        var now = clock.GetUtcNow();
        return made <= now && now < made + Lifetime ? made + Lifetime : null;
    }

    private static void Sign(byte[] key, ReadOnlySpan<byte> head, string server, ValidatedToken caller, ReadOnlySpan<byte> call, Span<byte> mac)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(head);
        hash.AppendFields(server, caller.Issuer, caller.Subject, caller.ClientId);

        hash.AppendData(call);
        hash.GetHashAndReset(mac);
    }
}
