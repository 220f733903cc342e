using System.Globalization;
using System.Text;
using Gateway.Configuration.Options;
using Gateway.Generations;

namespace Gateway.Configuration;

/// <summary>A loaded configuration for people and for programs: every problem, then what follows from it.</summary>
internal sealed class ConfigurationReport(string path, LoadedConfiguration loaded)
{
    private const string Red = "\x1b[31m";
    private const string Yellow = "\x1b[33m";
    private const string Plain = "\x1b[0m";

    /// <summary>One line per problem: <c>gateway.json(4,5): unknown-key: Gateway:PublicUr: …</c></summary>
    public static string Line(string path, ConfigurationProblem problem, bool colour = false)
    {
        var place = problem.Source ?? (problem.Line == 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}({problem.Line},{problem.Column})"));
        var rule = problem.IsWarning ? $"warning: {problem.Rule}" : problem.Rule;
        var key = problem.Key.Length == 0 ? "" : problem.Key + ": ";
        return colour
            ? $"{Printable(place)}: {(problem.IsWarning ? Yellow : Red)}{rule}{Plain}: {Printable(key + problem.Message)}"
            : Printable($"{place}: {rule}: {key}{problem.Message}");
    }

    /// <summary>The errors alone, one line each: why the gateway does not start.</summary>
    public string Errors() => string.Join('\n', loaded.Problems.Where(problem => !problem.IsWarning).Select(problem => Line(path, problem)));

    public string ToText(bool colour)
    {
        var text = new StringBuilder();
        foreach (var problem in loaded.Problems)
        {
            text.AppendLine(Line(path, problem, colour));
        }

        if (loaded is { HasErrors: false, Options: { } options })
        {
            foreach (var line in Table(options))
            {
                text.AppendLine(line);
            }
        }

        var errors = loaded.Problems.Count(problem => !problem.IsWarning);
        text.AppendLine(CultureInfo.InvariantCulture, $"{Printable(path)}: {Count(errors, "error")}, {Count(loaded.Problems.Length - errors, "warning")}");
        return text.ToString();
    }

    /// <summary>What is served, a line for each server.</summary>
    public static IEnumerable<string> Table(GatewayOptions options) =>
        ServerTopology.Of(options).Select(server => Printable($"{server.Id}: {server.Resource} -> {OutboundOf(server)}"));

    public string ToJson() => ReadableJson.ObjectOf(json =>
    {
        json.WriteString("path", path);
        json.WriteBoolean("readable", !loaded.Unreadable);
        json.WriteNumber("errors", loaded.Problems.Count(problem => !problem.IsWarning));
        json.WriteNumber("warnings", loaded.Problems.Count(problem => problem.IsWarning));
        json.WriteObjects("problems", loaded.Problems, problem =>
        {
            json.WriteString("rule", problem.Rule);
            json.WriteString("severity", problem.IsWarning ? "warning" : "error");
            json.WriteString("key", problem.Key);
            json.WriteString("message", problem.Message);
            json.WriteNumber("line", problem.Line);
            json.WriteNumber("column", problem.Column);
            json.WriteString("source", problem.Source ?? "file");
        });
    });

    private static string OutboundOf(ServerTopology server) => server.Outbound.Mode switch
    {
        OutboundMode.Exchange => $"exchange at {server.Outbound.AuthorizationServer} for {AudiencesOf(server)}",
        OutboundMode.Local => $"minted here for {AudiencesOf(server)}",
        OutboundMode.Credential => "a static credential",
        OutboundMode.SameToken => "the inbound token",
        _ => "no credential",
    };

    private static string AudiencesOf(ServerTopology server) => string.Join(" ", server.ResultAudiences.Select(Rules.ConfiguredUrl.WithoutUser));

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    /// <summary>Names in a configuration may hold anything; a terminal must not obey them.</summary>
    private static string Printable(string text) => text.Any(char.IsControl)
        ? string.Concat(text.Select(character => char.IsControl(character) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}") : character.ToString()))
        : text;
}
