namespace Gateway.Authorize.Policy;

/// <summary>One list that an MCP server answered with: what may be asked for next, entry by entry.</summary>
/// <param name="Of">The question about an entry of that name.</param>
internal sealed record ListedEntries(Func<string, PolicyQuestion> Of)
{
    /// <summary>The entries in their order; null in place of a name that is not there once, and a text.</summary>
    public List<(string? Name, Range Bytes)> Entries { get; } = [];

    /// <summary>Where a list without the entries that are hidden loses bytes; no other byte is touched.</summary>
    public IEnumerable<Range> Without(Func<int, bool> isHidden)
    {
        var kept = false;
        for (var i = 0; i < Entries.Count; i++)
        {
            if (!isHidden(i))
            {
                kept = true;
                continue;
            }

            // With the comma before it; where nothing was kept so far, with the one behind it.
            var bytes = Entries[i].Bytes;
            yield return kept ? Entries[i - 1].Bytes.End..bytes.End
                : i + 1 < Entries.Count ? bytes.Start..Entries[i + 1].Bytes.Start
                : bytes;
        }
    }
}
