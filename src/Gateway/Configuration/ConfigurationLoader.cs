using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration.Read;

namespace Gateway.Configuration;

/// <summary>
/// Reads gateway.json and finds everything that is wrong with it in one run: 1. the text, 2. overrides, 3. keys and types,
/// 4. the rules. Never throws for what somebody wrote.
/// </summary>
internal static class ConfigurationLoader
{
    internal const int MaxFileSize = 16 * 1024 * 1024;

    public static LoadedConfiguration Load(ConfigurationInput input)
    {
        byte[] file;
        try
        {
            file = ReadFile(input.Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return new LoadedConfiguration(null, [], [new ConfigurationProblem("unreadable", "", $"'{Absolute(input.Path)}' cannot be read: {ReasonOf(error)}")], Unreadable: true);
        }

        return Load(file, input);
    }

    private static string Absolute(string path) => path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path);

    /// <summary>The same for a text that was read already.</summary>
    public static LoadedConfiguration Load(ReadOnlySpan<byte> file, ConfigurationInput input)
    {
        var tree = new ConfigurationTree();
        if (!FileReader.Read(file, tree))
        {
            return new LoadedConfiguration(null, [], [.. tree.Problems]);
        }

        try
        {
            return Judged(tree, input);
        }
        catch (Exception bug)
        {
            tree.Report("unexpected", "", $"The configuration cannot be read ({bug.GetType().Name}), which is a bug of the gateway; report it with the value that it does not bear, and write another one meanwhile.");
            return new LoadedConfiguration(null, [], InFileOrder(tree.Problems));
        }
    }

    private static LoadedConfiguration Judged(ConfigurationTree tree, ConfigurationInput input)
    {
        foreach (var change in input.Overrides)
        {
            OverrideReader.Apply(change, tree);
        }

        tree.Override("urls", "--urls, ASPNETCORE_URLS, or the ports of both");
        new Structure(tree).Check();
        var written = OptionsOf(tree);
        if (written is not null)
        {
            Rules.ConfigurationRules.Check(new Rules.RuleContext(tree, written, input));
        }

        return new LoadedConfiguration(written?.Gateway, HostSections(tree.Root), InFileOrder(tree.Problems))
        {
            Limits = written?.Kestrel.Limits ?? new(),
            Certificates = written is null ? [] : [.. Rules.CertificateRules.Served(written.Kestrel)],
        };
    }

    private static ConfigurationFile? OptionsOf(ConfigurationTree tree)
    {
        try
        {
            return tree.Root.Deserialize(ConfigurationJson.Default.ConfigurationFile);
        }
        catch (JsonException error)
        {
            // The structure check has passed what the serializer does not: say it rather than start.
            tree.Report("type", error.Path ?? "", "This value cannot be read.");
            return null;
        }
    }

    private static JsonObject HostSections(JsonObject root) =>
        new(root.Where(member => member.Key is "Kestrel" or "Logging" or "AllowedHosts")
            .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));

    /// <summary>Problems of the file by place, then those of overrides; several at one place as they were found.</summary>
    private static ImmutableArray<ConfigurationProblem> InFileOrder(IEnumerable<ConfigurationProblem> problems) =>
        [.. problems.Distinct().OrderBy(problem => problem.Line == 0).ThenBy(problem => problem.Line).ThenBy(problem => problem.Column)];

    private static byte[] ReadFile(string path)
    {
        using var stream = File.OpenRead(path);
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];

        // Not by its length: a pipe has none, and a device has no end.
        while (stream.Read(buffer) is > 0 and var read)
        {
            if (content.Length + read > MaxFileSize)
            {
                throw new IOException("it is larger than 16 MiB.");
            }

            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private static string ReasonOf(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it is not there. Name another with --config or GATEWAY_CONFIG.",
        UnauthorizedAccessException => "access is denied, or it is a directory.",
        ArgumentException or NotSupportedException => "that is no path of a file.",
        _ => error.Message,
    };
}
