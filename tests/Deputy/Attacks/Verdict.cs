namespace Deputy.Attacks;

internal enum Outcome
{
    /// <summary>The honest call worked, the attack did not.</summary>
    Held,

    /// <summary>The attack worked.</summary>
    Broken,

    /// <summary>The target does not offer what the case is about.</summary>
    NotApplicable,

    /// <summary>Nothing can be concluded: the honest call failed, or the target cannot be told apart from a crashed one.</summary>
    Error,
}

/// <summary>A case that finds, once it has looked, that the target has not what it is about.</summary>
internal sealed class InapplicableException(string why) : Exception(why);

/// <summary>What came of a case, why, and the lines of wire that prove it: sent, got, seen.</summary>
internal sealed record Verdict(Outcome Outcome, string Why, params string[] Wire)
{
    public static Verdict Held { get; } = new(Outcome.Held, "");

    public static Verdict Broken(string why, params string[] wire) => new(Outcome.Broken, why, wire);

    public static Verdict Error(string why, params string[] wire) => new(Outcome.Error, why, wire);

    /// <summary>The first that is not held.</summary>
    public static Verdict First(params ReadOnlySpan<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            if (verdict.Outcome != Outcome.Held)
            {
                return verdict;
            }
        }

        return Held;
    }

    /// <summary>Broken when the condition holds.</summary>
    public static Verdict BrokenIf(bool condition, string why, params string[] wire) => condition ? Broken(why, wire) : Held;
}
