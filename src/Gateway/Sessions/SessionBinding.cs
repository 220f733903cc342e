using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace Gateway.Sessions;

/// <summary>A session that belongs to the caller: the MCP server's own id, and the destination that knows it.</summary>
internal readonly record struct BoundSession(string Id, string Destination)
{
    /// <summary>The path below the destination that the session is posted to; null where the session is not part of a path.</summary>
    public string? Path { get; init; }
}

/// <summary>
/// Binds sessions of legacy MCP servers to server, issuer, subject and client without remembering any. What the client
/// holds is <c>mac.destination.id</c>; the MCP server sees its own id. Another principal's or a tampered id is nobody's.
/// </summary>
internal sealed class SessionBinding
{
    /// <summary>The longest id that an MCP server may give a session.</summary>
    public const int MaxId = 6 * 1024;

    private const int MaxLength = MaxId + 128;

    /// <summary>How many characters a seal has.</summary>
    public static readonly int SealLength = Base64Url.GetEncodedLength(HMACSHA256.HashSizeInBytes);
    private readonly ImmutableArray<byte[]> keys;

    /// <param name="keys">The first key signs, all verify, so that a key can be rotated.</param>
    public SessionBinding(ImmutableArray<byte[]> keys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length);
        this.keys = keys;
    }

    /// <summary>What the client is to hold for the MCP server's <paramref name="session"/>.</summary>
    public string Wrap(BoundSession session, string server, ValidatedToken principal) =>
        $"{Seal(session, server, principal)}.{session.Destination}.{session.Id}";

    /// <summary>What binds the session to the caller and tells nothing of it.</summary>
    public string Seal(BoundSession session, string server, ValidatedToken principal)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(keys[0], session, server, principal, mac);
        return Base64Url.EncodeToString(mac);
    }

    /// <summary>The session behind what the client presents; false when it is not the caller's.</summary>
    public bool TryUnwrap(string presented, string server, ValidatedToken principal, out BoundSession session)
    {
        session = default;
        if (presented.Length is < 45 or > MaxLength || presented[SealLength] != '.')
        {
            return false;
        }

        var separator = presented.IndexOf('.', SealLength + 1);
        if (separator < 0)
        {
            return false;
        }

        var candidate = new BoundSession(presented[(separator + 1)..], presented[(SealLength + 1)..separator]);
        if (!Owns(presented.AsSpan(0, SealLength), candidate, server, principal))
        {
            return false;
        }

        session = candidate;
        return true;
    }

    /// <summary>Whether the seal binds the session to the caller.</summary>
    public bool Owns(ReadOnlySpan<char> seal, BoundSession candidate, string server, ValidatedToken principal)
    {
        Span<byte> claimed = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!ExactBase64Url.TryDecode(seal, claimed))
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var verified = false;
        foreach (var key in keys)
        {
            Sign(key, candidate, server, principal, mac);
            verified |= CryptographicOperations.FixedTimeEquals(mac, claimed);
        }

        return verified;
    }

    private static void Sign(byte[] key, BoundSession session, string server, ValidatedToken principal, Span<byte> mac)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

        // An id and an address are signed as such: what a client may say in a query is no address that it was told.
        hash.AppendFields(session.Path is null ? "session-1" : "endpoint-1", server, principal.Issuer, principal.Subject, principal.ClientId, session.Destination, session.Id);
        hash.GetHashAndReset(mac);
    }
}
