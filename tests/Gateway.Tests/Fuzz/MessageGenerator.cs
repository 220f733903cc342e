using System.Globalization;
using System.Text;
using System.Text.Json;
using Harness;

namespace Gateway.Tests.Fuzz;

/// <summary>Writes JSON-RPC messages as text, most of them with something that two readers could take differently.</summary>
internal sealed class MessageGenerator(Random random)
{
    private const string Version = "io.modelcontextprotocol/protocolVersion";

    private static readonly string[] Methods =
    [
        "tools/call", "tools/call", "tools/call", "resources/read", "resources/subscribe", "prompts/get", "completion/complete", "completion/complete", "tasks/get", "tasks/cancel",
        "subscriptions/listen", "subscriptions/listen", "tools/list", "ping", "initialize", "notifications/initialized",
    ];

    private static readonly string[] Names = ["echo", "delete_all", "payroll-1", "file:///public/plan", "file:///secret/plan", "é", "a b", "\\", "\""];

    /// <summary>Whether the last message was as every reader reads it.</summary>
    public bool IsPlain { get; private set; }

    public byte[] Next()
    {
        IsPlain = !random.Once(4);
        var twist = !IsPlain;
        var method = random.One(Methods);
        var members = new List<(string, string)> { ("jsonrpc", "\"2.0\""), ("method", Quote(method)), ("params", Params(method, twist)) };
        if (!method.StartsWith("notifications/", StringComparison.Ordinal))
        {
            members.Add(("id", random.One("1", "\"a\"", "0", "-1.5e3")));
        }

        if (twist && random.Once(8))
        {
            members.RemoveAt(random.Next(members.Count));
        }

        if (twist && random.Once(6))
        {
            members.Add((random.One("result", "error"), random.One("{}", "null", "1")));
        }

        var message = Encoding.UTF8.GetBytes(Object(members, twist));
        return twist && random.Once(4) ? Fuzzing.Mutate(message, random) : message;
    }

    private string Params(string method, bool twist)
    {
        if (twist && random.Once(20))
        {
            return random.One("null", "[]", "\"x\"", "{}");
        }

        var members = new List<(string, string)>();
        switch (method)
        {
            case "tools/call" or "prompts/get":
                members.Add(("name", Text(twist)));
                members.Add(("arguments", random.One("{}", """{"a":1,"a":2,"A":"\u0000"}""", """{"name":"x","uri":["y"]}""")));
                break;
            case "completion/complete":
                var prompt = random.Once(2);
                members.Add(("ref", Object([("type", Quote(prompt ? "ref/prompt" : "ref/resource")), (prompt ? "name" : "uri", Text(twist))], twist && random.Once(2))));
                break;
            case "subscriptions/listen":
                members.Add(("notifications", Object([(random.One("resourceSubscriptions", "taskIds"), $"[{string.Join(',', Enumerable.Range(0, random.Next(3)).Select(_ => Text(twist)))}]")], twist && random.Once(2))));
                break;
            case var _ when method.StartsWith("resources/", StringComparison.Ordinal):
                members.Add(("uri", Text(twist)));
                break;
            case var _ when method.StartsWith("tasks/", StringComparison.Ordinal):
                members.Add(("taskId", Text(twist)));
                break;
        }

        if (random.Once(3))
        {
            members.Add(("_meta", Object([(Version, Quote(random.One("2026-07-28", "2025-06-18"))), ("progressToken", "1")], twist && random.Once(2))));
        }

        return Object(members, twist);
    }

    private string Object(List<(string Name, string Value)> members, bool twist)
    {
        if (twist && members.Count > 0 && random.Once(2))
        {
            var (name, value) = random.One(members.ToArray());
            members.Add((Twisted(name), random.Once(3) ? value : Text(twist)));
        }

        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(members));
        var space = random.One("", "", " ", "\n\t");
        return "{" + space + string.Join("," + space, members.Select(member => $"{NameOf(member.Name, twist)}{space}:{space}{member.Value}")) + "}";
    }

    /// <summary>The name as it stands in the text; one that is quoted was twisted before.</summary>
    private string NameOf(string name, bool twist) => name[0] == '"' ? name : twist && random.Once(12) ? Twisted(name) : Quote(name);

    private string Text(bool twist) => !twist ? Quote(random.One(Names)) : random.Next(8) switch
    {
        0 => random.One("1", "null", "true", "[\"delete_all\"]", "{\"name\":\"delete_all\"}", "1e2"),
        1 => Quote(random.One(Names)).Insert(random.Next(1, 3), random.One("\\u0000", "\\ud800", "\\ud83d\\ude00", "\\u212a", "\\n")),
        2 => Escaped(random.One(Names)),
        _ => Quote(random.One(Names)),
    };

    /// <summary>A name that some reader takes for this one, quoted.</summary>
    private string Twisted(string name)
    {
        var at = random.Next(name.Length);
        return random.Next(9) switch
        {
            0 => Quote(name),
            1 => Quote(name.ToUpperInvariant()),
            2 => Quote(char.ToUpperInvariant(name[0]) + name[1..]),
            3 => Escaped(name),
            4 => "\"" + name + "\\u0000" + random.One("", "x") + "\"",
            5 => "\"" + name[..at] + "\\u0000" + name[at..] + "\"",
            6 => "\"" + name.Replace("s", random.One("\\u017f", "ſ"), StringComparison.Ordinal).Replace("k", random.One("\\u212a", "K"), StringComparison.Ordinal) + "\"",
            7 => Quote(name.Replace('i', random.One('ı', 'İ'))),
            _ => Quote(name[..at] + char.ToUpperInvariant(name[at]) + name[(at + 1)..]),
        };
    }

    private string Escaped(string text) => "\"" + string.Concat(text.Select(character =>
        random.Once(3) || character is '"' or '\\' ? "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture) : character.ToString())) + "\"";

    private static string Quote(string text) => JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) is var encoded ? $"\"{encoded}\"" : "";
}
