using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Gateway.Configuration.Options;
using Gateway.Sessions;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace Gateway.Revoke.Shared;

/// <summary>What stands for a used id in the shared state: one name under each of the keys, which tell nobody what they stand for.</summary>
internal sealed class SharedNames(ImmutableArray<byte[]> keys)
{
    /// <summary>The purpose of the keys.</summary>
    public const string Purpose = "used-id";

    /// <summary>Clocks may differ by so much: an id is remembered for longer than any of them takes it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    public string[] Of(UsedId id)
    {
        // Purposes are ours, and none holds a zero.
        var what = new byte[id.Purpose.Length + 1 + TokenDigest.Length];
        Encoding.ASCII.GetBytes(id.Purpose, what);
        var digest = id.Id;
        ((ReadOnlySpan<byte>)digest).CopyTo(what.AsSpan(id.Purpose.Length + 1));
        return [.. keys.Select(key => $"id:{Base64Url.EncodeToString(HMACSHA256.HashData(key, what).AsSpan(0, 16))}")];
    }

    /// <summary>The keys that shared revocations are named and sealed with, and the issuers that they may be of. Throws what reading the file throws.</summary>
    public static RevocationKeys RevocationKeys(SessionKeys sessionKeys, GatewayOptions options) => RevocationKeys(sessionKeys.Read(options.SessionKeyFile), options);

    /// <summary>The same, of keys that were read before.</summary>
    public static RevocationKeys RevocationKeys(SessionKeySet sessionKeys, GatewayOptions options)
    {
        var keys = new RevocationKeys(sessionKeys.Derive("revocation-name"), sessionKeys.Derive("revocation-seal"));
        foreach (var (name, server) in options.AuthorizationServers)
        {
            keys.Know(server.Issuer!, name);
        }

        return keys;
    }

    public static TimeSpan KeepFor(UsedId id, DateTimeOffset now) => (id.Until > now ? id.Until - now : TimeSpan.Zero) + Margin;
}
