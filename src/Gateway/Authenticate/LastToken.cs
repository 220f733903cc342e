using Microsoft.AspNetCore.Connections;
using TokenExchange.Jose;

namespace Gateway.Authenticate;

/// <summary>
/// The token that was last presented on a connection, so that it is hashed once for all the requests that bring it along. Kestrel hands
/// out a header that says what it said before as the same string; only that very string, and the same part of it, is taken for it.
/// </summary>
internal sealed class LastToken
{
    /// <summary>How many requests side by side have a string of their own that is known.</summary>
    private const int MostBeside = 32;

    private volatile TokenText? last;

    // Of HTTP/2, whose requests come side by side: Kestrel keeps strings for as many as there were at a time, one for each.
    private TokenText?[]? beside;
    private uint next;

    /// <summary>Begins to remember, on a new connection.</summary>
    public static void On(BaseConnectionContext connection) => connection.Features.Set(new LastToken());

    /// <summary>The token with its digest. Requests may come side by side, of different callers.</summary>
    public static TokenText Of(HttpContext context, ReadOnlyMemory<char> token)
    {
        var connection = context.Features.Get<LastToken>();
        if (connection is null)
        {
            return new TokenText(token);
        }

        if (connection.last is { } known && known.Characters.Equals(token))
        {
            return known;
        }

        var isBeside = HttpProtocol.IsHttp2(context.Request.Protocol);
        return (isBeside ? connection.FindBeside(token) : null) ?? connection.Remember(new TokenText(token), isBeside);
    }

    private TokenText? FindBeside(ReadOnlyMemory<char> token)
    {
        foreach (ref var one in Volatile.Read(ref beside).AsSpan())
        {
            if (Volatile.Read(ref one) is { } known && known.Characters.Equals(token))
            {
                return known;
            }
        }

        return null;
    }

    private TokenText Remember(TokenText text, bool isBeside)
    {
        if (isBeside)
        {
            // Whichever of two that come at once is kept will do.
            var texts = Volatile.Read(ref beside) ?? Interlocked.CompareExchange(ref beside, new TokenText?[MostBeside], null) ?? beside;
            Volatile.Write(ref texts[Interlocked.Increment(ref next) % MostBeside], text);
        }
        else
        {
            last = text;
        }

        return text;
    }
}
