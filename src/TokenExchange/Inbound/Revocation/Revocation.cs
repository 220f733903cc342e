using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TokenExchange.Inbound.Revocation;

/// <summary>By what a revocation finds its tokens. The numbers are written down by other processes: none ever changes.</summary>
public enum RevocationSelector : byte
{
    /// <summary>Every token of the issuer that was issued by then.</summary>
    Issuer = 0,

    /// <summary>The subject (<c>sub</c>).</summary>
    Subject = 1,

    /// <summary>The subject, of tokens that name no session.</summary>
    SubjectWithoutSession = 2,

    /// <summary>The session (<c>sid</c>).</summary>
    Session = 3,

    /// <summary>The client, the first of <c>client_id</c>, <c>azp</c>, <c>appid</c>, <c>cid</c>.</summary>
    Client = 4,

    /// <summary>The token's id (<c>jti</c>).</summary>
    TokenId = 5,

    /// <summary>One token that its authorization server calls inactive.</summary>
    Token = 6,

    /// <summary>None: takes another revocation back.</summary>
    Undo = 7,
}

/// <summary>Who asked for a revocation. The numbers never change.</summary>
public enum RevocationSource : byte
{
    /// <summary>OpenID Connect Back-Channel Logout.</summary>
    BackchannelLogout = 1,

    /// <summary>RFC 7662.</summary>
    Introspection = 2,

    /// <summary>RFC 8417.</summary>
    SecurityEvent = 3,

    /// <summary>An operator.</summary>
    Command = 4,

    /// <summary>The gateway, in place of more single ones than it can hold.</summary>
    Limit = 5,
}

/// <summary>
/// One revocation, as it is remembered and shared: digests and times under a seal. It names nobody, and nobody without a
/// key makes or changes one.
/// </summary>
public sealed class Revocation
{
    /// <summary>The longest reason, in characters.</summary>
    public const int LongestReason = 200;

    internal const int MostBytes = Fixed + (LongestReason * 3) + 28 + RevocationKeys.SealLength;
    private const byte Version = 1, AnyTimeFlag = 1;
    private const int Fixed = 70;

    private Revocation(byte[] bytes) => Bytes = bytes;

    /// <summary>What is written down, seal included.</summary>
    public byte[] Bytes { get; }

    /// <summary>What tells it from others; equal ones of any process have one id.</summary>
    public ulong Id => BinaryPrimitives.ReadUInt64BigEndian(Bytes.AsSpan(4));

    /// <summary>By what it finds its tokens.</summary>
    public RevocationSelector Selector => (RevocationSelector)Bytes[1];

    /// <summary>Who asked for it.</summary>
    public RevocationSource Source => (RevocationSource)Bytes[2];

    /// <summary>It hits tokens that were issued no later, to the second, or do not say when.</summary>
    public DateTimeOffset IssuedUntil => DateTimeOffset.FromUnixTimeSeconds(IssuedUntilSeconds);

    /// <summary>When no token that it hits can be accepted any more.</summary>
    public DateTimeOffset Until => DateTimeOffset.FromUnixTimeSeconds(UntilSeconds);

    /// <summary>What stands for the value that is revoked, in base64url.</summary>
    public string Digest => System.Buffers.Text.Base64Url.EncodeToString(Bytes.AsSpan(36, 16));

    /// <summary>Whether it hits tokens whenever they were issued.</summary>
    internal bool AnyTime => (Bytes[3] & AnyTimeFlag) != 0;

    internal uint SealKey => BinaryPrimitives.ReadUInt32BigEndian(Bytes.AsSpan(12));

    internal uint NameKey => BinaryPrimitives.ReadUInt32BigEndian(Bytes.AsSpan(16));

    internal UInt128 Issuer => BinaryPrimitives.ReadUInt128BigEndian(Bytes.AsSpan(20));

    internal UInt128 Name => BinaryPrimitives.ReadUInt128BigEndian(Bytes.AsSpan(36));

    /// <summary>The id of the revocation that an <see cref="RevocationSelector.Undo"/> takes back.</summary>
    internal ulong Undone => BinaryPrimitives.ReadUInt64BigEndian(Bytes.AsSpan(36));

    internal long IssuedUntilSeconds => BinaryPrimitives.ReadInt64BigEndian(Bytes.AsSpan(52));

    internal long UntilSeconds => BinaryPrimitives.ReadInt64BigEndian(Bytes.AsSpan(60));

    /// <summary>A revocation of what an issuer's tokens say.</summary>
    /// <param name="keys">The keys; the first names and seals.</param>
    /// <param name="selector">By what tokens are found.</param>
    /// <param name="issuer">The issuer.</param>
    /// <param name="value">The value of that; empty for <see cref="RevocationSelector.Issuer"/>.</param>
    /// <param name="issuedUntil">Tokens issued later are not hit.</param>
    /// <param name="keepFor">How long, from then on, tokens issued until then may be accepted.</param>
    /// <param name="source">Who asks for it.</param>
    /// <param name="anyTime">Whether tokens issued later are hit all the same.</param>
    /// <param name="reason">A text for operators, at most <see cref="LongestReason"/> characters.</param>
    public static Revocation Of(
        RevocationKeys keys, RevocationSelector selector, string issuer, string value, DateTimeOffset issuedUntil, TimeSpan keepFor, RevocationSource source, bool anyTime = false, string? reason = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        keys.Know(issuer);
        var bytes = new byte[Fixed + RevocationKeys.SealLength];
        bytes[1] = (byte)selector;
        bytes[2] = (byte)source;
        bytes[3] = anyTime ? AnyTimeFlag : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), keys.IdOf(0));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(36), keys.NameOf(0, selector, issuer, value));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(52), issuedUntil.ToUnixTimeSeconds());

        // To the end of its second: never a moment too early.
        var until = issuedUntil + keepFor;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(60), until.ToUnixTimeSeconds() + (until.Ticks % TimeSpan.TicksPerSecond == 0 ? 0 : 1));
        return Seal(keys, bytes, issuer, null, reason);
    }

    /// <summary>Takes a revocation back.</summary>
    public Revocation Undo(RevocationKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var bytes = Bytes[..Fixed];
        Array.Resize(ref bytes, Fixed + RevocationKeys.SealLength);
        bytes[1] = (byte)RevocationSelector.Undo;
        bytes[2] = (byte)RevocationSource.Command;
        bytes.AsSpan(36, 16).Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(36), Id);
        return Seal(keys, bytes, IssuerOf(keys), null, null);
    }

    /// <summary>What was written down; null when no known key has sealed it.</summary>
    public static Revocation? Read(ReadOnlySpan<byte> bytes, RevocationKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (bytes.Length is < Fixed + RevocationKeys.SealLength or > MostBytes || bytes[0] != Version || bytes[1] > (byte)RevocationSelector.Undo
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[68..]) != bytes.Length - Fixed - RevocationKeys.SealLength)
        {
            return null;
        }

        var key = keys.Find(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
        if (key < 0)
        {
            return null;
        }

        Span<byte> seal = stackalloc byte[RevocationKeys.SealLength];
        keys.Seal(key, bytes[..^RevocationKeys.SealLength], seal);
        return CryptographicOperations.FixedTimeEquals(seal, bytes[^RevocationKeys.SealLength..]) ? new(bytes.ToArray()) : null;
    }

    /// <summary>What a text that nobody may have sealed says of its own end; null when it is none of ours.</summary>
    public static DateTimeOffset? ClaimedEnd(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < Fixed + RevocationKeys.SealLength or > MostBytes || bytes[0] != Version)
        {
            return null;
        }

        var seconds = BinaryPrimitives.ReadInt64BigEndian(bytes[60..]);
        return seconds is > 0 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }

    /// <summary>The issuer, where it is known.</summary>
    public string IssuerOf(RevocationKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Find(SealKey) is >= 0 and var key ? keys.IssuerOf(key, Issuer) : $"?{Issuer:x}";
    }

    /// <summary>The operator's text; null without.</summary>
    public string? ReasonIn(RevocationKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Find(SealKey) is >= 0 and var key && Bytes.Length > Fixed + RevocationKeys.SealLength ? keys.Read(key, Bytes.AsSpan(Fixed..^RevocationKeys.SealLength)) : null;
    }

    /// <summary>The same under the first of other keys; what it names keeps its name.</summary>
    internal Revocation Under(RevocationKeys keys, RevocationKeys before)
    {
        var bytes = Bytes[..Fixed];
        Array.Resize(ref bytes, Fixed + RevocationKeys.SealLength);
        return Seal(keys, bytes, IssuerOf(before), Id, ReasonIn(before));
    }

    /// <summary>Names nobody.</summary>
    public override string ToString() => $"revocation {Id:x16} by {Selector}";

    private static Revocation Seal(RevocationKeys keys, byte[] bytes, string issuer, ulong? id, string? reason)
    {
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), keys.IdOf(0));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(20), keys.NameOf(0, RevocationSelector.Issuer, issuer, ""));
        if (id is null)
        {
            bytes.AsSpan(4, 8).Clear();
            SHA256.HashData(bytes.AsSpan(1, Fixed - 3)).AsSpan(0, 8).CopyTo(bytes.AsSpan(4));
        }

        if (reason is { Length: > 0 })
        {
            var hidden = keys.Hide(0, BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(4)), reason.Length > LongestReason ? reason[..LongestReason] : reason);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(68), (ushort)hidden.Length);
            Array.Resize(ref bytes, Fixed + hidden.Length + RevocationKeys.SealLength);
            hidden.CopyTo(bytes.AsSpan(Fixed));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(68), 0);
        }

        keys.Seal(0, bytes.AsSpan(..^RevocationKeys.SealLength), bytes.AsSpan(^RevocationKeys.SealLength..));
        return new(bytes);
    }
}
