using Deputy.Wire;

namespace Deputy.Commands;

/// <summary>
/// Two gateways that are none: one refuses everything, one forwards everything. A case that does not tell them from a real one
/// says nothing.
/// </summary>
internal static class Stub
{
    /// <summary><c>stub refuse PORT</c>, <c>stub forward PORT NAME=URL...</c></summary>
    public static async Task<int> RunAsync(string kind, int port, string[] servers)
    {
        var map = servers.Select(server => server.Split('=', 2)).ToDictionary(pair => pair[0], pair => new Uri(pair[1]));
        await using var peer = new HttpPeer((request, reply) => kind switch
        {
            "refuse" => RefuseAsync(reply),
            "introspect" => IntrospectAsync(request, reply, map),
            _ => ForwardAsync(request, reply, map),
        });
        peer.Open(port);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    /// <summary>An MCP server over stdin and stdout that is the kit's: each line is passed on, and the answer given back.</summary>
    public static async Task<int> StdioAsync(Uri server, TextReader input, TextWriter output)
    {
        while (await input.ReadLineAsync() is { } line)
        {
            var body = System.Text.Encoding.UTF8.GetBytes(line);
            var head = $"POST /mcp HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
            var answer = await RawClient.ExchangeAsync(server.Port, [.. System.Text.Encoding.ASCII.GetBytes(head), .. body], TimeSpan.FromSeconds(10));
            if (answer.Body.Length > 0)
            {
                await output.WriteLineAsync(answer.Body.ReplaceLineEndings(" "));
                await output.FlushAsync();
            }
        }

        return 0;
    }

    /// <summary>
    /// The service that <c>auth_request</c> asks: 204 when the authorization server calls the bearer token active and the answer
    /// names the audience of the path's last segment, else 401.
    /// </summary>
    private static async Task IntrospectAsync(ReceivedRequest request, Reply reply, Dictionary<string, Uri> map)
    {
        var body = "token=" + System.Net.WebUtility.UrlEncode(request.Token ?? "");
        var head = $"POST {map["at"].AbsolutePath} HTTP/1.1\r\nHost: {map["at"].Authority}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        var answer = await RawClient.ExchangeAsync(map["at"].Port, System.Text.Encoding.ASCII.GetBytes(head), TimeSpan.FromSeconds(5));
        var audience = map[request.Target.Split('/')[^1]].OriginalString;
        var named = answer.Json?["aud"] switch
        {
            System.Text.Json.Nodes.JsonArray list => list.Any(one => one?.ToString() == audience),
            var one => one?.ToString() == audience,
        };
        await reply.EmptyAsync(answer is { Status: 200 } && answer.Json?["active"]?.ToString() == "true" && named ? 204 : 401);
    }

    private static Task RefuseAsync(Reply reply) => reply.SendAsync(401, """{"error":"no"}""");

    /// <summary>Sends the head as it came, but for the path's first segment, and gives back what comes.</summary>
    private static async Task ForwardAsync(ReceivedRequest request, Reply reply, Dictionary<string, Uri> servers)
    {
        reply.Closes = true;
        var name = request.Target.TrimStart('/').Split('/', '?')[0];
        if (!servers.TryGetValue(name, out var server))
        {
            await reply.EmptyAsync(404);
            return;
        }

        var head = request.Head.Replace($" /{name}", " /mcp", StringComparison.Ordinal);
        using var client = await RawClient.ConnectAsync(server.Port);
        if (client is null)
        {
            await reply.EmptyAsync(502);
            return;
        }

        var body = request.Header("Transfer-Encoding") is null ? request.Body
            : [.. System.Text.Encoding.ASCII.GetBytes($"{request.Body.Length:x}\r\n"), .. request.Body, .. System.Text.Encoding.ASCII.GetBytes($"\r\n0\r\n{request.Trailers}\r\n")];
        await client.SendAsync([.. System.Text.Encoding.Latin1.GetBytes(head + "\r\n"), .. body]);
        await client.CopyAsync(reply, reply.Cancellation);
    }
}
