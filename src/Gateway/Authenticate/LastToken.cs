using Microsoft.AspNetCore.Connections;
using TokenExchange.Jose;

namespace Gateway.Authenticate;

/// <summary>
/// The token that was last presented on a connection, so that it is hashed once for all the requests that bring it along. Kestrel hands
/// out a header that says what it said before as the same string; only that very string, and the same part of it, is taken for it.
/// </summary>
internal sealed class LastToken
{
    private volatile TokenText? last;

    /// <summary>Begins to remember, on a new connection.</summary>
    public static void On(BaseConnectionContext connection) => connection.Features.Set(new LastToken());

    /// <summary>The token with its digest. Requests may come side by side, of different callers.</summary>
    public static TokenText Of(HttpContext context, ReadOnlyMemory<char> token)
    {
        var connection = context.Features.Get<LastToken>();
        if (connection?.last is { } known && known.Characters.Equals(token))
        {
            return known;
        }

        var text = new TokenText(token);
        if (connection is not null)
        {
            connection.last = text;
        }

        return text;
    }
}
