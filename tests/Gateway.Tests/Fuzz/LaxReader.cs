using System.Text.Json;

namespace Gateway.Tests.Fuzz;

/// <summary>
/// How some server's JSON library reads a message: which of two members counts, which names are one to it, and what it makes
/// of a NUL. Shares no code with the gateway's own reading.
/// </summary>
internal sealed record LaxReader(string Of, bool LastCounts, Func<string, string> Key, Func<string, string> Value)
{
    public static IReadOnlyList<LaxReader> All { get; } =
    [
        .. from last in (bool[])[true, false]
           from reader in (LaxReader[])
           [
               new("JavaScript, Python", last, name => name, text => text),
               new("cJSON", last, name => Cut(name).ToLowerInvariant(), Cut),
               new("Jackson, Newtonsoft, System.Text.Json without case", last, name => name.ToUpperInvariant(), text => text),
               new("encoding/json of Go", last, Fold, text => text),
               new("a Turkish one", last, name => Fold(name.Replace('ı', 'i').Replace('İ', 'i')), text => text),
               new("one that drops what cannot be printed", last, name => name.Replace("\0", "", StringComparison.Ordinal), text => text.Replace("\0", "", StringComparison.Ordinal)),
           ]
           select reader,
    ];

    /// <summary>What this server would carry out, as one line.</summary>
    public string Read(JsonElement message)
    {
        var method = Text(Member(message, "method"));
        if (method is null)
        {
            return Member(message, "result") is not null || Member(message, "error") is not null ? "an answer" : "nothing";
        }

        var parameters = Member(message, "params") ?? default;
        var id = Member(message, "id") is null ? "notification" : "request";
        var version = Text(Member(Member(parameters, "_meta"), "io.modelcontextprotocol/protocolVersion"));
        return $"{id} {method} {NameOf(method, parameters)} {version}";
    }

    private string? NameOf(string method, JsonElement parameters)
    {
        switch (method)
        {
            case "tools/call" or "prompts/get":
                return Text(Member(parameters, "name"));
            case "resources/read" or "resources/subscribe" or "resources/unsubscribe":
                return Text(Member(parameters, "uri"));
            case "completion/complete":
                // By what is there, whatever the type says; the type alone decides elsewhere, and must come to the same.
                var reference = Member(parameters, "ref");
                var (name, uri) = (Text(Member(reference, "name")), Text(Member(reference, "uri")));
                return Text(Member(reference, "type")) switch { "ref/prompt" => name, "ref/resource" => uri, _ => null } + (name ?? uri);
            case "subscriptions/listen":
                var notifications = Member(parameters, "notifications");
                return string.Join(' ', new[] { "resourceSubscriptions", "taskIds" }.Select(name => Member(notifications, name))
                    .SelectMany(names => names is { ValueKind: JsonValueKind.Array } all ? all.EnumerateArray().Select(one => Text(one)) : []));
            default:
                return method.StartsWith("tasks/", StringComparison.Ordinal) && method != "tasks/list" ? Text(Member(parameters, "taskId")) : null;
        }
    }

    private JsonElement? Member(JsonElement? owner, string name)
    {
        JsonElement? found = null;
        if (owner is { ValueKind: JsonValueKind.Object } members)
        {
            foreach (var member in members.EnumerateObject())
            {
                if (Key(member.Name) == Key(name))
                {
                    found = member.Value;
                    if (!LastCounts)
                    {
                        break;
                    }
                }
            }
        }

        return found;
    }

    /// <summary>Numbers, and what else is no text, count as what they are spelt: a lenient server makes a text of them.</summary>
    private string? Text(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => Value(text.GetString()!),
        { } other => other.GetRawText(),
    };

    private static string Cut(string text) => text.IndexOf('\0', StringComparison.Ordinal) is var at and >= 0 ? text[..at] : text;

    /// <summary>Unicode's simple folding, which knows two letters more than .NET's that are ASCII in the end.</summary>
    private static string Fold(string text) => text.Replace('\u017F', 's').Replace('\u212A', 'k').ToUpperInvariant();
}
