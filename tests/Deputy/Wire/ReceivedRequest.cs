using System.Globalization;
using System.Text;

namespace Deputy.Wire;

/// <summary>One request as it came over a socket, byte for byte.</summary>
internal sealed record ReceivedRequest(string Head, byte[] Body, string Trailers, TimeSpan At)
{
    /// <summary>The first line.</summary>
    public string Line => Head[..Head.IndexOf("\r\n", StringComparison.Ordinal)];

    public string Method => Line[..Line.IndexOf(' ', StringComparison.Ordinal)];

    public string Target => Line.Split(' ') is { Length: > 1 } parts ? parts[1] : "";

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>Everything that came, for searches.</summary>
    public string Whole => Head + Encoding.Latin1.GetString(Body) + Trailers;

    /// <summary>The values of every line of that name.</summary>
    public IReadOnlyList<string> Values(string name) =>
    [
        .. Head.Split("\r\n").Skip(1)
            .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim()),
    ];

    public string? Header(string name) => Values(name) is [var first, ..] ? first : null;

    /// <summary>The token of the line <c>Authorization</c>; null without one.</summary>
    public string? Token => Header("Authorization")?.Split(' ') is [_, var token] ? token : null;

    /// <summary>The first value of a form's parameter, decoded.</summary>
    public string? Form(string name) => FormValues(name) is [var first, ..] ? first : null;

    public IReadOnlyList<string> FormValues(string name) =>
    [
        .. Text.Split('&').Select(pair => pair.Split('=', 2))
            .Where(pair => pair.Length == 2 && System.Net.WebUtility.UrlDecode(pair[0]) == name)
            .Select(pair => System.Net.WebUtility.UrlDecode(pair[1])),
    ];

    /// <summary>Reads the next request; null when the other side closed.</summary>
    public static async Task<ReceivedRequest?> ReadAsync(ByteReader reader, TimeProvider clock, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        while (true)
        {
            if (await reader.LineAsync(cancellation) is not { } line)
            {
                return null;
            }

            if (line.Length == 0)
            {
                if (head.Length == 0)
                {
                    continue;
                }

                break;
            }

            head.Append(line).Append("\r\n");
        }

        var request = new ReceivedRequest(head.ToString(), [], "", TimeSpan.Zero);
        var (body, trailers) = await BodyAsync(request, reader, cancellation);
        return request with { Body = body, Trailers = trailers, At = clock.GetElapsedTime(0) };
    }

    private static async Task<(byte[] Body, string Trailers)> BodyAsync(ReceivedRequest request, ByteReader reader, CancellationToken cancellation)
    {
        if (request.Header("Transfer-Encoding")?.EndsWith("chunked", StringComparison.OrdinalIgnoreCase) == true)
        {
            using var body = new MemoryStream();
            while (await reader.LineAsync(cancellation) is { } size)
            {
                if (!int.TryParse(size.Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length))
                {
                    throw new IOException("A chunk without a size.");
                }

                if (length == 0)
                {
                    var trailers = new StringBuilder();
                    while (await reader.LineAsync(cancellation) is { Length: > 0 } trailer)
                    {
                        trailers.Append(trailer).Append("\r\n");
                    }

                    return (body.ToArray(), trailers.ToString());
                }

                body.Write(await reader.BytesAsync(length, cancellation) ?? throw new IOException("The connection ended within a chunk."));
                await reader.LineAsync(cancellation);
            }

            throw new IOException("The connection ended before the last chunk.");
        }

        return int.TryParse(request.Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var declared) && declared > 0
            ? (await reader.BytesAsync(declared, cancellation) ?? throw new IOException("The connection ended within a body."), "")
            : ([], "");
    }
}
