namespace Gateway.Benchmarks.Profile;

/// <summary>The stacks that perf saw, innermost frame first, and what one request cost while it looked.</summary>
internal sealed record CpuProfile(IReadOnlyList<IReadOnlyList<Frame>> Stacks, double MicrosPerRequest)
{
    public static async Task<CpuProfile> ReadAsync(TextReader script, double microsPerRequest)
    {
        var stacks = new List<IReadOnlyList<Frame>>();
        var known = new Dictionary<string, Frame>();
        var stack = new List<Frame>();
        while (await script.ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                Close();
            }
            else if (char.IsWhiteSpace(line[0]) && line.AsSpan().Trim().IndexOf(' ') is > 0 and var address)
            {
                var text = line.Trim()[(address + 1)..];
                if (!known.TryGetValue(text, out var frame))
                {
                    known.Add(text, frame = Frame.Parse(text));
                }

                stack.Add(frame);
            }
        }

        Close();
        return new CpuProfile(stacks, microsPerRequest);

        void Close()
        {
            if (stack.Count > 0)
            {
                stacks.Add([.. stack]);
                stack.Clear();
            }
        }
    }

    /// <summary>Microseconds per request by whatever a stack is counted as; a stack may count as several things, or as none.</summary>
    public Dictionary<string, double> Micros(Func<IReadOnlyList<Frame>, IEnumerable<string>> keys)
    {
        var counted = new Dictionary<string, double>();
        foreach (var stack in Stacks)
        {
            foreach (var key in keys(stack).Distinct())
            {
                counted[key] = counted.GetValueOrDefault(key) + (MicrosPerRequest / Stacks.Count);
            }
        }

        return counted;
    }
}
