using TokenExchange.Issuers;

namespace Gateway.Authorize;

/// <summary>
/// The body of a request that anybody may send, without an access token: read whole up to a bound, within ten seconds, and
/// out of the budget for bodies, of which all who come to such an endpoint are one principal. Held until it is disposed of.
/// </summary>
internal sealed class SmallBody : IDisposable
{
    public const string Form = "application/x-www-form-urlencoded";

    private const int FirstLength = 4 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private BodyHold held;

    private SmallBody(BodyHold held) => this.held = held;

    /// <summary>The bytes; null when the body is of another type, too large, too slow or broken.</summary>
    public ReadOnlyMemory<byte>? Bytes { get; private set; }

    /// <summary>Whether it was not read because too much is held already.</summary>
    public bool Overloaded { get; private set; }

    /// <summary>Reads the body of a request to <paramref name="endpoint"/>, of <paramref name="most"/> bytes at most, when it is of the type that is wanted there. Throws when the client leaves.</summary>
    public static async ValueTask<SmallBody> ReadAsync(HttpContext context, string endpoint, bool isWanted, int most, BodyBudget bodies, TimeProvider clock)
    {
        var body = new SmallBody(bodies.For(new Principal(endpoint, "")));
        if (!isWanted || context.Request.ContentLength > most)
        {
            return body;
        }

        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        try
        {
            await body.ReadAsync(context.Request, most, either.Token);
        }
        catch (Exception exception) when (exception is BadHttpRequestException || (exception is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            // No body, then.
        }
        catch
        {
            // Nobody gets it who could.
            body.Dispose();
            throw;
        }

        return body;
    }

    /// <summary>Whether the body says that it is of this type, not encoded any further, and in UTF-8 or its ASCII part.</summary>
    public static bool IsOf(HttpRequest request, string mediaType) =>
        request.Headers.ContentEncoding.All(coding => "identity".Equals(coding, StringComparison.OrdinalIgnoreCase))
        && request.Headers.ContentType.Count == 1
        && MediaType.Parse(request.ContentType) is { } type
        && type.Is(mediaType)
        && type["charset"]?.ToLowerInvariant() is null or "utf-8" or "us-ascii";

    public void Dispose() => held.Dispose();

    private async Task ReadAsync(HttpRequest request, int most, CancellationToken cancellation)
    {
        var buffer = Array.Empty<byte>();
        var length = 0;
        while (length <= most)
        {
            if (length == buffer.Length)
            {
                var size = Math.Clamp(buffer.Length * 2, Math.Min(FirstLength, most + 1), most + 1);
                if (!held.TryGrow(size))
                {
                    Overloaded = true;
                    return;
                }

                Array.Resize(ref buffer, size);
            }

            var read = await InboundBody.ReadAsync(request, buffer.AsMemory(length), cancellation);
            if (read == 0)
            {
                Bytes = buffer.AsMemory(0, length);
                return;
            }

            length += read;
        }
    }
}
