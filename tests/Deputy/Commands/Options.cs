namespace Deputy.Commands;

/// <summary>The command line of <c>deputy attack</c>.</summary>
internal sealed record Options
{
    public string? Target { get; private set; }

    public string? Json { get; private set; }

    public string? Junit { get; private set; }

    public string? Html { get; private set; }

    /// <summary>Ids or beginnings of ids; empty: all.</summary>
    public List<string> Cases { get; } = [];

    public bool Mutants { get; private set; }

    /// <summary>Ids of mutants; empty: all.</summary>
    public List<string> Only { get; } = [];

    /// <summary>Attacks mutants with every case, not only with those that claim them.</summary>
    public bool Everything { get; private set; }

    public bool Describe { get; private set; }

    public bool NoBuild { get; private set; }

    public bool Verbose { get; private set; }

    public string? Problem { get; private set; }

    public static Options Parse(string[] arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Length && options.Problem is null; i++)
        {
            string Value() => i + 1 < arguments.Length ? arguments[++i] : options.Missing(arguments[i]);
            switch (arguments[i])
            {
                case "--json":
                    options.Json = Value();
                    break;
                case "--junit":
                    options.Junit = Value();
                    break;
                case "--html":
                    options.Html = Value();
                    break;
                case "--case" when i + 1 == arguments.Length || arguments[i + 1].StartsWith('-'):
                    options.Problem = "--case needs an id or the name of a family.";
                    break;
                case "--case":
                    while (i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-'))
                    {
                        options.Cases.Add(arguments[++i]);
                    }

                    break;
                case "--mutants":
                    options.Mutants = true;
                    while (i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-') && !arguments[i + 1].EndsWith(".json", StringComparison.Ordinal))
                    {
                        options.Only.Add(arguments[++i]);
                    }

                    break;
                case "--everything":
                    options.Everything = true;
                    break;
                case "--describe":
                    options.Describe = true;
                    break;
                case "--no-build":
                    options.NoBuild = true;
                    break;
                case "--verbose":
                    options.Verbose = true;
                    break;
                case var other when other.StartsWith('-'):
                    options.Problem = $"'{other}' is no option.";
                    break;
                case var target when options.Target is null:
                    options.Target = target;
                    break;
                case var more:
                    options.Problem = $"One target at a time: '{more}' is too much.";
                    break;
            }
        }

        options.Problem ??= options.Mutants
            ? new[] { ("--json", options.Json), ("--junit", options.Junit), ("--html", options.Html), ("--case", options.Cases.FirstOrDefault()) }.FirstOrDefault(pair => pair.Item2 is not null) is { Item1: { } useless } ? $"{useless} is of no use with --mutants." : null
            : options.Everything ? "--everything is of no use without --mutants." : null;
        return options;
    }

    private string Missing(string option)
    {
        Problem = $"{option} needs a value.";
        return "";
    }
}
