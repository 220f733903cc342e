using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Authorize.Bodies;

/// <summary>
/// A request body read whole, so that it can be read by the gateway and sent once or twice. The buffer is not pooled: a
/// buffer that is still being sent when its request has ended must never carry another request's bytes.
/// </summary>
internal sealed class RequestBody
{
    private const int UnknownLength = 4 * 1024;
    private const int TrustedLength = 64 * 1024;

    // Sent in one piece, headers and all: copied as a stream, they would be two writes to the socket, a fifth of what a
    // small call costs. What is larger is copied, so that the progress it makes keeps the idle timeout away.
    private const int SentWhole = 64 * 1024;
    private readonly byte[] buffer;
    private readonly int length;

    private RequestBody(byte[] buffer, int length)
    {
        this.buffer = buffer;
        this.length = length;
    }

    /// <summary>The bytes, exactly as received.</summary>
    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, length);

    /// <summary>The bytes as memory, for what outlives the reading of them.</summary>
    public ReadOnlyMemory<byte> Memory => buffer.AsMemory(0, length);

    /// <summary>The number of bytes.</summary>
    public int Length => length;

    /// <summary>Puts the bytes, from the start, where the forwarder takes the request's body from.</summary>
    public void Rewind(HttpContext context)
    {
        if (length > SentWhole)
        {
            InboundBody.Replace(context.Request, new MemoryStream(buffer, 0, length, writable: false));
        }
        else
        {
            context.Features.Set<IHttpRequestBodyDetectionFeature>(NothingToCopy.Instance);
        }
    }

    /// <summary>The bytes as the body of the outbound request; null when the forwarder copies them.</summary>
    public HttpContent? ToContent() => length > SentWhole ? null : new ReadOnlyMemoryContent(Memory);

    /// <summary>How much is set aside before the first byte is read. A length that was only claimed buys no memory beyond a modest start.</summary>
    public static long FirstSize(HttpRequest request, long limit) => Math.Min(Math.Min(request.ContentLength ?? UnknownLength, TrustedLength), limit);

    /// <summary>
    /// Reads at most <paramref name="limit"/> bytes, of which <paramref name="owner"/> holds as many as were set aside for it;
    /// no body, and which bound it was, when there are more or the budget does not allow them. Throws what <see cref="InboundBody"/> throws.
    /// </summary>
    public static async ValueTask<(RequestBody? Body, BodyBound Beyond)> ReadAsync(HttpRequest request, GatewayRequest owner, long limit, CancellationToken cancellationToken)
    {
        var declared = request.ContentLength;
        if (declared > limit)
        {
            return (null, BodyBound.Own);
        }

        // Over HTTP/1.1 a body ends with its declared length. Elsewhere one byte more, to see the end in one read.
        var isCounted = declared is not null && HttpProtocol.IsHttp11(request.Protocol);
        var buffer = GC.AllocateUninitializedArray<byte>((int)FirstSize(request, limit) + 1);
        var length = 0;
        while (true)
        {
            var read = await InboundBody.ReadAsync(request, buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return (new RequestBody(buffer, length), BodyBound.Own);
            }

            length += read;
            if (length > limit)
            {
                return (null, BodyBound.Own);
            }

            if (isCounted && length == declared)
            {
                return (new RequestBody(buffer, length), BodyBound.Own);
            }

            if (length == buffer.Length)
            {
                var size = Math.Min(buffer.Length * 2L, declared ?? limit);
                if (!owner.Held.TryGrow(size) && !owner.Held.TryGrow(size = Math.Min(length + UnknownLength, limit)))
                {
                    return (null, BodyBound.Budget);
                }

                Array.Resize(ref buffer, (int)size + 1);
            }
        }
    }

    /// <summary>Tells the forwarder that there is no body to copy: it is there already.</summary>
    private sealed class NothingToCopy : IHttpRequestBodyDetectionFeature
    {
        public static readonly NothingToCopy Instance = new();

        public bool CanHaveBody => false;
    }
}

/// <summary>Which bound a body would go beyond.</summary>
internal enum BodyBound
{
    /// <summary>That of one body at its server.</summary>
    Own,

    /// <summary>That of all bodies together, or of all of one principal.</summary>
    Budget,
}
