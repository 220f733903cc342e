using System.Security.Cryptography;

namespace TokenExchange.Issuers.Files;

/// <summary>
/// What one or several files hold, looked at when it is used and at most once a second unless said otherwise, whether it could be used or not. Contents are
/// compared by digest, so that a swapped link, a rename and a rewrite of the same length are all seen, and wiped after each look.
/// What cannot be used, as in the midst of a rewrite, leaves what the files held before in use for ten seconds; what others can read, not
/// for a moment.
/// </summary>
/// <param name="read">Reads the files, null for one that is not configured; throws what reading them throws.</param>
/// <param name="parse">Makes a value of the contents; throws what parsers throw. A value that is not used any more is let go, not disposed.</param>
/// <param name="clock">The time.</param>
/// <param name="lookEvery">How often they are looked at, at most; null: once a second.</param>
public sealed class WatchedFiles<T>(Func<byte[]?[]> read, Func<byte[]?[], T> parse, TimeProvider clock, TimeSpan? lookEvery = null)
    where T : class
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeSpan often = lookEvery ?? TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private volatile Look? last;

    /// <summary>What was made last; null as long as nothing was, or once it is used no more. Looks at no file.</summary>
    public T? Known => last?.Value;

    /// <summary>What the files hold now; null when that cannot be used, with the reason.</summary>
    public T? Read(out Exception? fault)
    {
        var look = last;
        if (look is null || clock.GetElapsedTime(look.At) >= often)
        {
            look = LookAgain(look);
        }

        fault = look.Value is null ? look.Fault : null;
        return look.Value;
    }

    // A disk may be slow: who comes while another looks goes on with what was there. Only the first have to wait.
    private Look LookAgain(Look? known)
    {
        if (known is null)
        {
            gate.Enter();
        }
        else if (!gate.TryEnter())
        {
            return known;
        }

        try
        {
            return ReferenceEquals(last, known) ? last = Take(known) : last!;
        }
        finally
        {
            gate.Exit();
        }
    }

    private Look Take(Look? before)
    {
        byte[]?[] contents = [];
        try
        {
            contents = read();
            var digest = SHA256.HashData([.. contents.SelectMany(content => SHA256.HashData(content ?? []))]);
            var value = before?.Value is { } same && digest.AsSpan().SequenceEqual(before.Digest) ? same : parse(contents);
            return new(value, digest, null, clock.GetTimestamp(), null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or PrivateFileException
            or CryptographicException or ArgumentException or FormatException or NotSupportedException)
        {
            var now = clock.GetTimestamp();
            var since = before?.UnfitSince ?? now;
            return before?.Value is { } kept && fault is not PrivateFileException { IsExposure: true } && clock.GetElapsedTime(since, now) < Patience
                ? new(kept, before.Digest, fault, now, since)
                : new(null, [], fault, now, since);
        }
        finally
        {
            foreach (var content in contents)
            {
                CryptographicOperations.ZeroMemory(content);
            }
        }
    }

    private sealed record Look(T? Value, byte[] Digest, Exception? Fault, long At, long? UnfitSince);
}
