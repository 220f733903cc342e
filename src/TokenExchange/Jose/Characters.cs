namespace TokenExchange.Jose;

/// <summary>The length of a text as its writer counts it: one of two UTF-16 code units is one character.</summary>
internal static class Characters
{
    /// <summary>Whether a text has at most <paramref name="most"/> characters.</summary>
    public static bool AreAtMost(int most, string text)
    {
        // Nearly every text is short by either measure.
        if (text.Length <= most || text.Length > 2 * most)
        {
            return text.Length <= most;
        }

        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count <= most;
    }
}
