using System.Runtime.CompilerServices;
using Gateway.Authenticate;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Observe;

/// <summary>
/// The credentials of one request: what its client presented, well or badly, and what goes on in its place. Only for
/// taking them out of texts: they can be kept nowhere from here, and none is printed.
/// </summary>
internal ref struct Credentials
{
    private const int Most = 7;

    /// <summary>What is shorter is no secret, and a part of many a word.</summary>
    private const int Shortest = 4;

    private Values values;

    private Credentials(HttpContext context, GatewayRequest? request)
    {
        // Two in one header are refused, and are two credentials all the same.
        var lines = context.Request.Headers.Authorization;
        for (var i = 0; i < lines.Count && i < 2; i++)
        {
            var line = lines[i].AsMemory();
            var comma = line.Span.IndexOf(',');
            Add(LongestWord(comma < 0 ? line : line[..comma]));
            Add(comma < 0 ? default : LongestWord(line[(comma + 1)..]));
        }

        if (request?.Proof is not null && context.Request.Headers[SenderProof.Header] is [{ } proof, ..])
        {
            Add(proof.AsMemory());
        }

        if (context.Request.QueryString is { HasValue: true, Value: { } query })
        {
            Add(QueryParameters.FirstOf(query, TokenExchange.AspNetCore.Http.Credentials.InQuery).AsMemory());
        }

        if (request is not null)
        {
            Add(request.OutboundSecret);
        }
    }

    public int Count { readonly get; private set; }

    public readonly ReadOnlySpan<char> this[int index] => values[index].Span;

    /// <summary>Those of a request, as far as it has come.</summary>
    public static Credentials Of(HttpContext context, GatewayRequest? request) => new(context, request);

    /// <summary>These, wherever they come from.</summary>
    public static Credentials Of(params ReadOnlySpan<string?> secrets)
    {
        var credentials = default(Credentials);
        foreach (var secret in secrets)
        {
            credentials.Add(secret.AsMemory());
        }

        return credentials;
    }

    private void Add(ReadOnlyMemory<char> value)
    {
        if (value.Length >= Shortest && Count < Most)
        {
            values[Count++] = value;
        }
    }

    /// <summary>The credential of a header line: behind the scheme, where there is one, and longer than what stands around it by mistake.</summary>
    private static ReadOnlyMemory<char> LongestWord(ReadOnlyMemory<char> line)
    {
        line = line.Trim(' ');
        var scheme = line.Span.IndexOf(' ');
        line = scheme < 0 ? line : line[scheme..];
        ReadOnlyMemory<char> longest = default;
        while (!line.IsEmpty)
        {
            var length = line.Span.IndexOf(' ') is var blank and >= 0 ? blank : line.Length;
            longest = length > longest.Length ? line[..length] : longest;
            line = line[Math.Min(length + 1, line.Length)..];
        }

        return longest;
    }

    [InlineArray(Most)]
    private struct Values
    {
        private ReadOnlyMemory<char> first;
    }
}
