using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// The keys under which revocations are named and sealed: who reads one without a key learns nobody's name, and who has
/// no key makes none. The first key names and seals, all are known.
/// </summary>
public sealed class RevocationKeys
{
    internal const int SealLength = HMACSHA256.HashSizeInBytes;
    private const int OnStack = 1024;

    private readonly ImmutableArray<Key> keys;
    private readonly ConcurrentDictionary<(int Key, UInt128 Name), string> issuers = new();
    private readonly ConcurrentDictionary<string, string> labels = new(StringComparer.Ordinal);

    /// <summary>Keys of two purposes, one pair for each key of the same origin. Throws when there is none, or when the numbers differ.</summary>
    /// <param name="names">Keys that only name.</param>
    /// <param name="seals">Keys that only seal.</param>
    public RevocationKeys(ImmutableArray<byte[]> names, ImmutableArray<byte[]> seals)
    {
        ArgumentOutOfRangeException.ThrowIfZero(names.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(seals.Length, names.Length);
        keys = [.. names.Zip(seals, (name, seal) => new Key(name, seal, BinaryPrimitives.ReadUInt32BigEndian(HMACSHA256.HashData(seal, "key"u8))))];
    }

    /// <summary>Keys that end with this process.</summary>
    public static RevocationKeys ForThisProcess() => new([RandomNumberGenerator.GetBytes(32)], [RandomNumberGenerator.GetBytes(32)]);

    internal int Count => keys.Length;

    /// <summary>Lets revocations of an issuer be told from others', and gives it the name that operators know it by.</summary>
    public void Know(string issuer, string label)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        labels[issuer] = label;
        Know(issuer);
    }

    /// <summary>What operators call the issuer; null when nobody has said.</summary>
    public string? LabelOf(string issuer) => labels.GetValueOrDefault(issuer);

    internal void Know(string issuer)
    {
        for (var key = 0; key < keys.Length; key++)
        {
            issuers.TryAdd((key, NameOf(key, RevocationSelector.Issuer, issuer, "")), issuer);
        }
    }

    /// <summary>The issuer of that name; a text that is nobody's issuer when it is not known here.</summary>
    internal string IssuerOf(int key, UInt128 name) => issuers.TryGetValue((key, name), out var issuer) ? issuer : $"?{name:x}";

    /// <summary>Whether the text is of a known issuer.</summary>
    internal static bool IsKnown(string issuer) => issuer is not ['?', ..];

    internal uint IdOf(int key) => keys[key].Id;

    /// <summary>Which key has the id; -1 when none has.</summary>
    internal int Find(uint id)
    {
        for (var key = 0; key < keys.Length; key++)
        {
            if (keys[key].Id == id)
            {
                return key;
            }
        }

        return -1;
    }

    /// <summary>What stands for a value of an issuer in a revocation of this kind.</summary>
    internal UInt128 NameOf(int key, RevocationSelector selector, string issuer, ReadOnlySpan<char> value)
    {
        // Sessions apart or not, a subject has one name.
        selector = selector == RevocationSelector.SubjectWithoutSession ? RevocationSelector.Subject : selector;
        var longest = 1 + sizeof(int) + Encoding.UTF8.GetMaxByteCount(issuer.Length) + Encoding.UTF8.GetMaxByteCount(value.Length);
        var bytes = longest <= OnStack ? stackalloc byte[OnStack] : new byte[longest];
        bytes[0] = (byte)selector;
        var written = Encoding.UTF8.GetBytes(issuer, bytes[5..]);
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], written);
        written += 5;
        written += Encoding.UTF8.GetBytes(value, bytes[written..]);
        Span<byte> name = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(keys[key].Name, bytes[..written], name);
        return BinaryPrimitives.ReadUInt128BigEndian(name);
    }

    internal void Seal(int key, ReadOnlySpan<byte> content, Span<byte> seal) => HMACSHA256.HashData(keys[key].Seal, content, seal);

    /// <summary>Text that only holders of the key can read; the same for the same text and <paramref name="of"/>.</summary>
    internal byte[] Hide(int key, ulong of, string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var hidden = new byte[NonceLength + TagLength + plain.Length];
        Span<byte> nonce = stackalloc byte[SealLength];
        HMACSHA256.HashData(keys[key].Seal, [.. "nonce"u8, .. BitConverter.GetBytes(of), .. plain], nonce);
        nonce[..NonceLength].CopyTo(hidden);
        using var cipher = CipherOf(key);
        cipher.Encrypt(hidden.AsSpan(0, NonceLength), plain, hidden.AsSpan(NonceLength + TagLength), hidden.AsSpan(NonceLength, TagLength));
        return hidden;
    }

    /// <summary>The text; null when it was hidden with another key, or is none.</summary>
    internal string? Read(int key, ReadOnlySpan<byte> hidden)
    {
        if (hidden.Length < NonceLength + TagLength)
        {
            return null;
        }

        try
        {
            var plain = new byte[hidden.Length - NonceLength - TagLength];
            using var cipher = CipherOf(key);
            cipher.Decrypt(hidden[..NonceLength], hidden[(NonceLength + TagLength)..], hidden.Slice(NonceLength, TagLength), plain);
            return Encoding.UTF8.GetString(plain);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private const int NonceLength = 12, TagLength = 16;

    private AesGcm CipherOf(int key) => new(HMACSHA256.HashData(keys[key].Seal, "reason"u8), TagLength);

    private readonly record struct Key(byte[] Name, byte[] Seal, uint Id);
}
