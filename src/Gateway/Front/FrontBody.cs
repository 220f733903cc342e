using Gateway.Authorize;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>Reads a body of 16 KiB at most, out of the budget for bodies, of which all who come here, and may be anybody, are one principal.</summary>
internal sealed class FrontBody : IDisposable
{
    private const int MaxLength = 16 * 1024;
    private const int FirstLength = 4 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private BodyHold held;

    private FrontBody(BodyHold held) => this.held = held;

    /// <summary>The bytes; null when the body is too large, too slow, broken or of another type.</summary>
    public ReadOnlyMemory<byte>? Bytes { get; private set; }

    /// <summary>Whether it was not read because too much is held already.</summary>
    public bool Overloaded { get; private set; }

    /// <summary>Reads the body, which is held against the budget until this is disposed of.</summary>
    public static async Task<FrontBody> ReadAsync(HttpContext context, string mediaType, BodyBudget bodies, TimeProvider clock)
    {
        var body = new FrontBody(bodies.For(new Principal(FrontEndpoints.PathPrefix, "")));
        var request = context.Request;
        if (!IsOf(request, mediaType) || request.ContentLength > MaxLength)
        {
            return body;
        }

        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        try
        {
            await body.ReadAsync(request.Body, either.Token);
        }
        catch (Exception exception) when (exception is BadHttpRequestException || (exception is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            // No body, then.
        }

        return body;
    }

    public void Dispose() => held.Dispose();

    private async Task ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var buffer = Array.Empty<byte>();
        var length = 0;
        while (length <= MaxLength)
        {
            if (length == buffer.Length)
            {
                var size = Math.Clamp(buffer.Length * 2, FirstLength, MaxLength + 1);
                if (!held.TryGrow(size))
                {
                    Overloaded = true;
                    return;
                }

                Array.Resize(ref buffer, size);
            }

            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
            {
                Bytes = buffer.AsMemory(0, length);
                return;
            }

            length += read;
        }
    }

    private static bool IsOf(HttpRequest request, string mediaType) =>
        request.Headers.ContentEncoding.All(coding => "identity".Equals(coding, StringComparison.OrdinalIgnoreCase))
        && request.Headers.ContentType.Count == 1
        && MediaType.Parse(request.ContentType) is { } type
        && type.Is(mediaType)
        && type["charset"]?.ToLowerInvariant() is null or "utf-8" or "us-ascii";
}
