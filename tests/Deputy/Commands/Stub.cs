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
        await using var peer = new HttpPeer((request, reply) => kind == "refuse" ? RefuseAsync(reply) : ForwardAsync(request, reply, map));
        peer.Open(port);
        await Task.Delay(Timeout.Infinite);
        return 0;
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
