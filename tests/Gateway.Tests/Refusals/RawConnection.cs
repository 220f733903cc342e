using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>A plain socket to the gateway, for requests that no HTTP client would write.</summary>
internal static class RawConnection
{
    /// <summary>Writes the bytes as they are, and reads until the gateway closes, which the bytes must ask for. No answer at all is status 0.</summary>
    public static async Task<RawAnswer> SendAsync(string url, string request)
    {
        var address = new Uri(url);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using var everything = new MemoryStream();
        try
        {
            await stream.CopyToAsync(everything, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // A reset after the answer: what arrived before it counts.
        }

        return new RawAnswer(Encoding.UTF8.GetString(everything.ToArray()));
    }
}

/// <summary>Everything that came back on one connection.</summary>
internal sealed record RawAnswer(string Text)
{
    public int Status => Text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(Text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>How many answers there are: more than one means that a second request was seen in the bytes.</summary>
    public int Answers => Text.Split("HTTP/1.1 ").Length - 1;

    public string? Reason
    {
        get
        {
            var at = Text.IndexOf("\r\n\r\n{", StringComparison.Ordinal);
            if (at < 0)
            {
                return null;
            }

            var body = Text[(at + 4)..];
            var next = body.IndexOf("HTTP/1.1 ", StringComparison.Ordinal);
            var json = JsonNode.Parse(next < 0 ? body : body[..next]);
            return json?["reason"]?.GetValue<string>() ?? json?["error"]?["data"]?["reason"]?.GetValue<string>();
        }
    }
}
