using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>A named check; null passes.</summary>
internal sealed record Check<TCandidate, TRefusal>(string Name, Func<TCandidate, TRefusal?> Refusal)
    where TRefusal : struct;

/// <summary>The check that did not pass, and what is said of it.</summary>
internal readonly record struct FailedCheck<TRefusal>(string Name, TRefusal Refusal)
    where TRefusal : struct;

/// <summary>Checks in the order in which they run; the first that fails decides. Those that need a key are a list of their own, so that none runs before it was looked up.</summary>
/// <param name="unfit">What is said of a candidate that a check cannot cope with: it is not acceptable, whatever is wrong with it.</param>
/// <param name="checks">The checks; no two of one name.</param>
internal sealed class Checklist<TCandidate, TRefusal>(TRefusal unfit, IEnumerable<Check<TCandidate, TRefusal>> checks)
    where TRefusal : struct
{
    public ImmutableArray<Check<TCandidate, TRefusal>> Checks { get; } = [.. checks];

    public IEnumerable<string> Names => Checks.Select(check => check.Name);

    /// <summary>Null when every check passes.</summary>
    public FailedCheck<TRefusal>? FirstFailure(TCandidate candidate)
    {
        foreach (var check in Checks)
        {
            if (Try(check, candidate) is { } refusal)
            {
                return new FailedCheck<TRefusal>(check.Name, refusal);
            }
        }

        return null;
    }

    /// <summary>Null when every check passes.</summary>
    public TRefusal? RefusalOf(TCandidate candidate) => FirstFailure(candidate)?.Refusal;

    /// <summary>Whether every check passes.</summary>
    public bool Passes(TCandidate candidate) => FirstFailure(candidate) is null;

    /// <summary>The names of the checks before the one that failed; of all when none did.</summary>
    public IEnumerable<string> NamesUpTo(string? failed) => Names.TakeWhile(name => name != failed);

    private TRefusal? Try(Check<TCandidate, TRefusal> check, TCandidate candidate)
    {
        try
        {
            return check.Refusal(candidate);
        }
        catch (Exception exception) when (UnfitText.IsFault(exception))
        {
            return unfit;
        }
    }
}

/// <summary>What parsers and cryptography throw at a text that they cannot cope with. Anything else is a bug, which is thrown, so that it is seen.</summary>
internal static class UnfitText
{
    public static bool IsFault(Exception exception) =>
        exception is JsonException or FormatException or ArgumentException or OverflowException or CryptographicException or NotSupportedException
            or (InvalidOperationException and not ObjectDisposedException);
}
