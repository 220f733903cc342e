using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Forward;

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
            context.Request.Body = new MemoryStream(buffer, 0, length, writable: false);
        }
        else
        {
            context.Features.Set<IHttpRequestBodyDetectionFeature>(NothingToCopy.Instance);
        }
    }

    /// <summary>The bytes as the body of the outbound request; null when the forwarder copies them.</summary>
    public HttpContent? ToContent() => length > SentWhole ? null : new ReadOnlyMemoryContent(Memory);

    /// <summary>Reads at most <paramref name="limit"/> bytes; null when there are more. Throws what the connection throws.</summary>
    public static async ValueTask<RequestBody?> ReadAsync(HttpRequest request, long limit, CancellationToken cancellationToken)
    {
        var declared = request.ContentLength;
        if (declared > limit)
        {
            return null;
        }

        // A length that was only claimed buys no memory beyond a modest start. One byte more, to see the end in one read.
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Math.Min(declared ?? UnknownLength, TrustedLength), limit) + 1);
        var length = 0;
        while (true)
        {
            var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return new RequestBody(buffer, length);
            }

            length += read;
            if (length > limit)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, limit + 1));
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
