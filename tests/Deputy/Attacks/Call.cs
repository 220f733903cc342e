using System.Text;
using System.Text.Json.Nodes;
using Deputy.Tokens;

namespace Deputy.Attacks;

/// <summary>One request of a client, honest until a case changes it.</summary>
internal sealed class Call(string server)
{
    /// <summary>The name under which clients know the gateway; nothing listens there.</summary>
    public const string PublicHost = "mcp.deputy.test";

    public string Marker { get; } = Peers.Marker.Fresh();

    public string Server { get; } = server;

    public string Method { get; set; } = "POST";

    public string Target { get; set; } = "/" + server;

    public string Host { get; set; } = PublicHost;

    /// <summary>The bearer token; null for none.</summary>
    public string? Token { get; set; }

    public string Scheme { get; set; } = "Bearer";

    /// <summary>Further header lines, in order.</summary>
    public List<(string Name, string Value)> Headers { get; } = [];

    public string ContentType { get; set; } = "application/json";

    public string? Body { get; set; }

    /// <summary>In place of <see cref="Body"/>.</summary>
    public byte[]? Bytes { get; set; }

    /// <summary>Changes the head as it goes out.</summary>
    public Func<string, string>? HeadText { get; set; }

    /// <summary>A tools/call of this tool, with the marker as id.</summary>
    public static Call Tool(string server, string? token, string tool = "echo")
    {
        var call = new Call(server) { Token = token };
        return call.Say("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = new JsonObject { ["note"] = call.Marker } });
    }

    public static Call Message(string server, string? token, string method, JsonNode? parameters) => new Call(server) { Token = token }.Say(method, parameters);

    private Call Say(string method, JsonNode? parameters)
    {
        var call = this;
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call.Marker, ["method"] = method };
        if (parameters is not null)
        {
            message["params"] = parameters;
        }

        call.Body = message.ToJsonString();
        return call;
    }

    /// <summary>A message written by hand; <c>ID</c> stands for the marker.</summary>
    public static Call Text(string server, string? token, string body)
    {
        var call = new Call(server) { Token = token };
        call.Body = body.Replace("ID", call.Marker, StringComparison.Ordinal);
        return call;
    }

    public static Call Get(string server, string? token) => new(server) { Method = "GET", Token = token };

    public Call With(string name, string value)
    {
        Headers.Add((name, value));
        return this;
    }

    public Call Change(Action<Call> change)
    {
        change(this);
        return this;
    }

    public byte[] Build()
    {
        var body = Bytes ?? Encoding.UTF8.GetBytes(Body ?? "");
        var head = new StringBuilder($"{Method} {Target} HTTP/1.1\r\nHost: {Host}\r\nUser-Agent: deputy/1 ({Marker})\r\n");
        if (Token is not null)
        {
            head.Append("Authorization: ").Append(Scheme).Append(' ').Append(Token).Append("\r\n");
        }

        head.Append("Accept: ").Append(Method == "GET" ? "text/event-stream" : "application/json, text/event-stream").Append("\r\n");
        if (Method == "POST")
        {
            head.Append("Content-Type: ").Append(ContentType).Append("\r\n");
        }

        foreach (var (name, value) in Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (Method == "POST" && !Headers.Exists(header => header.Name is "Transfer-Encoding" or "Content-Length"))
        {
            head.Append("Content-Length: ").Append(body.Length).Append("\r\n");
        }

        var text = head.Append("\r\n").ToString();
        return [.. Encoding.Latin1.GetBytes(HeadText?.Invoke(text) ?? text), .. body];
    }

    /// <summary>One line for people: the request and what the token says.</summary>
    public string Line
    {
        get
        {
            var headers = string.Concat(Headers.Select(header => $" {header.Name}: {header.Value};"));
            var token = Token is null ? " without a token" : $" {Scheme} {Encoded.Plain(Encoded.Header(Token)) ?? "?"}.{Encoded.Plain(Encoded.Payload(Token)) ?? Token}";
            var line = $"sent  {Method} {Target}{headers}{token} {(Method == "POST" ? Body ?? $"{Bytes?.Length} bytes" : "")}".ReplaceLineEndings("␤").Replace('\0', '␀');
            return line.Length > 420 ? line[..420] + "…" : line;
        }
    }
}
