namespace Gateway.Authorize;

/// <summary>A pattern in which <c>*</c> stands for any run of characters; compared ordinally, in linear space and without backtracking blow-up.</summary>
internal sealed class Pattern(string pattern)
{
    private readonly bool literal = !pattern.Contains('*', StringComparison.Ordinal);

    public bool Matches(ReadOnlySpan<char> text, bool ignoreCase = false)
    {
        if (literal)
        {
            return ignoreCase ? text.Equals(pattern, StringComparison.OrdinalIgnoreCase) : text.SequenceEqual(pattern);
        }

        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && (pattern[p] == text[t] || (ignoreCase && char.ToUpperInvariant(pattern[p]) == char.ToUpperInvariant(text[t]))))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }

    public override string ToString() => pattern;
}
