using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Profile;

/// <summary>One frame of a stack: a managed method and its assembly, or a symbol of the kernel or of a native library.</summary>
internal sealed partial record Frame(string Method, string? Assembly, string Library)
{
    public bool IsManaged => Assembly is not null;

    public bool IsKernel => Library.StartsWith("[kernel", StringComparison.Ordinal) || Library.StartsWith("[guest", StringComparison.Ordinal);

    /// <summary>Reads what perf script prints after an address: <c>symbol (library)</c>.</summary>
    public static Frame Parse(string text)
    {
        var at = text.LastIndexOf(" (", StringComparison.Ordinal);
        var symbol = at < 0 ? text : text[..at];
        var library = at < 0 ? "" : Path.GetFileName(text[(at + 2)..].TrimEnd(')'));
        return Managed().Match(symbol) is { Success: true } managed
            ? new Frame(Short(managed.Groups["method"].Value), managed.Groups["assembly"].Value, library)
            : new Frame(symbol, null, library);
    }

    /// <summary>Without type arguments, and an asynchronous method by its own name instead of its state machine's.</summary>
    private static string Short(string method)
    {
        var plain = method.Replace("::", ".", StringComparison.Ordinal);
        for (var before = ""; before != plain;)
        {
            before = plain;
            plain = TypeArguments().Replace(plain, "");
        }

        return StateMachine().Replace(plain, ".$1 (async)");
    }

    // instance void [Assembly] Namespace.Type::Method(class [Assembly]Argument)[Tier]
    [GeneratedRegex(@"^.*?\[(?<assembly>[A-Za-z][\w.]*)\] (?<method>[^(]*)\(")]
    private static partial Regex Managed();

    [GeneratedRegex(@"\[[^\[\]]*\]|`\d+")]
    private static partial Regex TypeArguments();

    [GeneratedRegex(@"[+/]<(\w+)>d__\d+\.MoveNext$")]
    private static partial Regex StateMachine();
}
