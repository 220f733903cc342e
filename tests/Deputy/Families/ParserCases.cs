using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>
/// The operation that the rules judge is the one that the MCP server carries out, whatever language its parser is written in.
/// Server rules denies delete_*: none of these may arrive.
/// </summary>
internal static class ParserCases
{
    private const string Two = "CWE-436; RFC 8259 §4: parsers differ in duplicates, case and NUL";
    private const string Encoding_ = "RFC 8259 §8.1; MCP Transports: UTF-8";
    private const string Message_ = "MCP Transports: one JSON-RPC message; JSON-RPC 2.0 §4";
    private const string Uri_ = "RFC 3986 §6.2: servers normalise what rules compare";

    public static IReadOnlyList<Case> All { get; } =
    [
        Body("rule", "The rule holds at all.", "MCP Authorization, Scope", Call_("delete_all")),
        Body("rule-escaped", "An escaped name is the same name.", Two, Call_("\\u0064elete_all")),
        Body("duplicate-name", "name twice is refused.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"delete_all","name":"echo"}}"""),
        Body("duplicate-name-first", "Also the other way round.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"echo","name":"delete_all"}}"""),
        Body("duplicate-name-escaped", "Also escaped.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"echo","n\u0061me":"delete_all"}}"""),
        Body("duplicate-method", "method twice is refused.", Two, """{"jsonrpc":"2.0","id":"ID","method":"ping","method":"tools/call","params":{"name":"delete_all"}}"""),
        Body("duplicate-params", "params twice is refused.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"echo"},"params":{"name":"delete_all"}}"""),
        Body("case-name", "A name in another case, which Go and C# may read, is refused.", Two + "; CVE-2020-16250", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"echo","Name":"delete_all"}}"""),
        Body("case-method", "A method in another case as well.", Two, """{"jsonrpc":"2.0","id":"ID","method":"ping","Method":"tools/call","params":{"name":"delete_all"}}"""),
        Body("case-alone", "Also alone.", Two, """{"jsonrpc":"2.0","id":"ID","METHOD":"tools/call","params":{"name":"delete_all"}}"""),
        Body("case-kelvin", "And by letters that fold to ASCII.", Two + "; Unicode CaseFolding", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","param\u017f":{"name":"delete_all"},"params":{"name":"echo"}}"""),
        Body("nul-method", "NUL ends a text for C: it is refused in a method.", Two + "; CWE-158", """{"jsonrpc":"2.0","id":"ID","method":"tools/call\u0000x","params":{"name":"delete_all"}}"""),
        Body("nul-name", "And in a name.", Two + "; CWE-158", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"delete_all\u0000"}}"""),
        Body("nul-member", "And in a member's name.", Two + "; CWE-158", """{"jsonrpc":"2.0","id":"ID","result":{},"method\u0000x":"tools/call","params":{"name":"delete_all"}}"""),
        Body("batch", "A batch hides nothing.", "MCP 2025-06-18: batching removed", "[" + Call_("echo") + "," + Call_("delete_all") + "]"),
        Body("two-messages", "Nor do two messages in one body.", Message_, Call_("echo") + Call_("delete_all")),
        Body("two-lines", "Nor lines of messages.", Message_, Call_("echo") + "\n" + Call_("delete_all")),
        Body("trailing-text", "Nor text after the message.", Message_, Call_("delete_all") + "x"),
        Body("comment", "Comments are no JSON.", Message_, "/*" + Call_("echo") + "*/" + Call_("delete_all")),
        Body("single-quotes", "Nor are single quotes.", Message_, Call_("delete_all").Replace('"', '\'')),
        Body("trailing-comma", "Nor trailing commas.", Message_, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"delete_all"},}"""),
        Body("bom", "Nor a byte order mark.", Encoding_, "\uFEFF" + Call_("delete_all")),
        Body("params-array", "Parameters by place are not read past the rule.", "MCP: params is an object", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":["delete_all",{}]}"""),
        Body("name-array", "A name that is no text is refused.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":["delete_all"]}}"""),
        Body("method-and-result", "A message that is call and answer at once is neither.", Message_, """{"jsonrpc":"2.0","id":"ID","result":{},"method":"tools/call","params":{"name":"delete_all"}}"""),
        Body("version", "Another version of JSON-RPC is refused.", "JSON-RPC 2.0 §4", """{"jsonrpc":"1.0","id":"ID","method":"tools/call","params":{"name":"delete_all"}}"""),
        Body("surrogate", "A lone surrogate is no text.", "RFC 8259 §8.2", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"delete_all","x\ud800":1}}"""),
        Body("deep", "Nesting without end is refused.", "RFC 8259 §9; CWE-674", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"delete_all","arguments":""" + new string('[', 5000) + new string(']', 5000) + "}}"),
        Faults.Request("parser.utf-16", "A body in UTF-16 is refused.", Encoding_, (_, token) => Bytes(token, Encoding.Unicode.GetBytes), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.utf-7", "A charset of the client's choice is refused.", Encoding_, (_, token) => Bytes(token, Encoding.UTF8.GetBytes, "application/json; charset=utf-7"), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.overlong", "Bytes that are no UTF-8 are refused.", Encoding_, (_, token) => Bytes(token, text => [.. Encoding.UTF8.GetBytes(text[..^3]), 0xC0, 0xAF, (byte)'}', (byte)'}']), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.gzip", "A compressed body is refused or looked into.", "RFC 9110 §8.4", (_, token) => Bytes(token, Zip).With("Content-Encoding", "gzip"), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.text-plain", "A body that says to be text is refused.", "CWE-436", (_, token) => Bytes(token, Encoding.UTF8.GetBytes, "text/plain"), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.multipart", "A form is no message.", "CWE-436", (_, token) => Bytes(token, Encoding.UTF8.GetBytes, "multipart/form-data; boundary=x"), "rules") with { Needs = ["rules"] },
        Faults.Request("parser.no-type", "Nor a body of no type.", "CWE-436", (_, token) => Bytes(token, Encoding.UTF8.GetBytes).Change(call => call.HeadText = head => head.Replace("Content-Type: application/json\r\n", "", StringComparison.Ordinal)), "rules") with { Needs = ["rules"] },
        Modern("header-method", "Mcp-Method that differs from the body is refused.", "ping", "echo", "echo"),
        Modern("header-name", "Mcp-Name that differs from the body is refused.", "tools/call", "echo", "write_file"),
        Scoped,
        new("parser.scope-joined", "Nor is one entry of scp that reads as two scopes both of them.", "RFC 6749 §3.3; RFC 9068 §2.2.3", async attack =>
        {
            var token = attack.Token("rules");
            token.Payload.Remove("scope");
            token.Payload["scp"] = new JsonArray("files:read files:write");
            return await attack.MustRefuseAsync(Call.Tool("rules", token.Build(), "write_file"), token);
        }) { Needs = ["rules"], Server = "rules" },
        .. new (string Id, string Uri)[]
        {
            ("plain", "file:///secret/plan"), ("dot-segments", "file:///public/../secret/plan"), ("scheme-case", "FILE:///secret/plan"), ("letter-encoded", "file:///%73ecret/plan"), ("dot-encoded", "file:///public/%2e%2e/secret/plan"),
            ("localhost", "file://localhost/secret/plan"), ("one-slash", "file:/secret/plan"), ("backslash", "file:///public\\\\..\\\\secret/plan"), ("double-slash", "file:////secret/plan"), ("fragment", "file:///secret/plan#x"),
            ("tab", "file:///sec\\tret/plan"), ("blank", " file:///secret/plan"), ("authority", "file://elsewhere/secret/plan"), ("user-info", "file://a@/secret/plan"), ("nul", "file:///secret/plan\\u0000"),
        }.Select(uri => Body($"uri-{uri.Id}", $"A denied resource by another spelling: {uri.Uri}.", Uri_, """{"jsonrpc":"2.0","id":"ID","method":"resources/read","params":{"uri":"URI"}}""".Replace("URI", uri.Uri, StringComparison.Ordinal))),
        Body("task", "A denied task by the member that names it.", "MCP Tasks", """{"jsonrpc":"2.0","id":"ID","method":"tasks/result","params":{"taskId":"payroll-1"}}"""),
        Body("task-case", "And in another case.", Two, """{"jsonrpc":"2.0","id":"ID","method":"tasks/get","params":{"taskid":"payroll-1"}}"""),
        Body("completion", "A denied completion by its reference.", "MCP Completion", """{"jsonrpc":"2.0","id":"ID","method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"payroll"},"argument":{"name":"a","value":""}}}"""),
        Body("missing-name", "A call without a name does not slip past a denial.", "CWE-636: failing open", """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{}}"""),
        Body("notification", "A denied call is denied without an id, too.", "JSON-RPC 2.0 §4.1", """{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_all","_meta":{"progressToken":"ID"}}}"""),
        new("parser.list", "A filtered list does not show what is denied.", "MCP Tools", async attack =>
        {
            var call = Call.Message("lists", attack.Token("lists").Build(), "tools/list", null);
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Body.Contains("delete_all", StringComparison.Ordinal) || answer.Body.Contains("write_file", StringComparison.Ordinal), "It does.", call.Line, Attack.Got(answer), "seen  tools/list");
        }) { Needs = ["lists"], Server = "lists" },
        Listed("list-stream", "Nor when it comes as an event stream.", "MCP Transports", async (list, reply) =>
        {
            await reply.StreamAsync();
            await reply.ChunkAsync($"event: message\ndata: {list}\n\n");
            await reply.WriteAsync("0\r\n\r\n");
        }),
        Listed("list-twice", "Nor when it is there twice.", Two, (list, reply) => reply.SendAsync(200, list.Replace("\"result\":{", "\"result\":{\"tools\":[],", StringComparison.Ordinal))),
        Listed("list-case", "Nor under a name in another case.", Two, (list, reply) => reply.SendAsync(200, list.Replace("\"tools\"", "\"tools\":[],\"Tools\"", StringComparison.Ordinal))),
        Listed("list-deep", "Nor beside what is nested without end.", "CWE-674; RFC 8259 §9", (list, reply) => reply.SendAsync(200, list.Replace("\"result\":{", "\"result\":{\"x\":" + new string('[', 20_000) + new string(']', 20_000) + ",", StringComparison.Ordinal))),
    ];

    /// <summary>The MCP server answers tools/list in its own way; whatever the client gets, it does not name what it may not call.</summary>
    private static Case Listed(string id, string claim, string source, Func<string, Reply, Task> answerList) => new("parser." + id, claim, source, async attack =>
    {
        var call = Call.Message("lists", attack.Token("lists").Build(), "tools/list", null);
        attack.Mcp("lists").Behave(call.Marker, (_, reply) =>
            answerList("""{"jsonrpc":"2.0","id":"ID","result":{"tools":[{"name":"echo","inputSchema":{"type":"object"}},{"name":"delete_all","inputSchema":{"type":"object"}}]}}""".Replace("ID", call.Marker, StringComparison.Ordinal), reply));
        var answer = await attack.SendAsync(call);
        return attack.Seen(call) is null ? Verdict.Error("The MCP server was never asked.", call.Line, Attack.Got(answer))
            : Verdict.BrokenIf(answer.Raw.Contains("delete_all", StringComparison.Ordinal), "It does.", call.Line, Attack.Got(answer), "seen  tools/list");
    })
    { Needs = ["lists"], Server = "lists" };

    private static Case Scoped => Faults.Request("parser.scope", "A write needs the scope to write.", "MCP Authorization, Scope", (_, token) => Call.Tool("rules", token, "write_file"), "rules") with { Needs = ["rules"] };

    private static string Call_(string tool) => """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"TOOL","arguments":{}}}""".Replace("TOOL", tool, StringComparison.Ordinal);

    private static Case Body(string id, string claim, string source, string body) =>
        Faults.Request("parser." + id, claim, source, (_, token) => Call.Text("rules", token, body), "rules", "files:read files:write") with { Needs = ["rules"] };

    private static Call Bytes(string token, Func<string, byte[]> encode, string type = "application/json")
    {
        var call = Call.Text("rules", token, Call_("echo"));
        call.Bytes = encode(call.Body!);
        call.ContentType = type;
        return call;
    }

    private static byte[] Zip(string text)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return zipped.ToArray();
    }

    /// <summary>A message of the revision 2026-07-28, in which headers mirror the body.</summary>
    private static Case Modern(string id, string claim, string method, string name, string tool) => Faults.Request("parser." + id, claim, "MCP 2026-07-28, Transports: MUST reject a mismatch", (_, token) =>
        Call.Text("alpha", token, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"TOOL","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""".Replace("TOOL", tool, StringComparison.Ordinal))
            .With("MCP-Protocol-Version", "2026-07-28").With("Mcp-Method", method).With("Mcp-Name", name)) with
    { Needs = ["rules"] };
}
