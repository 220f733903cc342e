namespace Demo.Walk;

/// <summary>What one step sends, gets and asserts, shown as it happens.</summary>
internal sealed class StepReport(string title, Terminal terminal)
{
    public string Title { get; } = title;

    /// <summary>How many promises were looked at.</summary>
    public int Checks { get; private set; }

    /// <summary>How many of them were kept.</summary>
    public int Kept { get; private set; }

    /// <summary>Whether the step asserted something and all of it was so.</summary>
    public bool IsKept => Checks > 0 && Checks == Kept;

    public Terminal Terminal { get; } = terminal;

    /// <summary>Asserts that <paramref name="found"/> is what was promised.</summary>
    public void Expect<T>(string what, T promised, T found)
    {
        var kept = EqualityComparer<T>.Default.Equals(promised, found);
        Check(kept ? $"{what}: {Show(found)}" : $"{what}: promised {Show(promised)}, but found {Show(found)}", kept);
    }

    /// <summary>Asserts a statement.</summary>
    public void Expect(string promise, bool kept) => Check(kept ? promise : $"not so: {promise}", kept);

    /// <summary>The step ended early.</summary>
    public void Broken(string reason) => Check($"the step broke off: {reason}", kept: false);

    private static string Show<T>(T value) => value?.ToString() ?? "none";

    private void Check(string text, bool kept)
    {
        Checks++;
        Kept += kept ? 1 : 0;
        Terminal.Check(text, kept);
    }
}
