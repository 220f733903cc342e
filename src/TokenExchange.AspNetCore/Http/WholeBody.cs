using Microsoft.AspNetCore.Http;

namespace TokenExchange.AspNetCore.Http;

/// <summary>Reads a request's body whole, so that its digest can be taken and the application reads the very same bytes.</summary>
internal static class WholeBody
{
    private const int FirstRead = 16 * 1024;

    /// <summary>The bytes, which from now on are the request's body; null when there are more than <paramref name="limit"/>.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context, int limit)
    {
        var request = context.Request;
        if (request.ContentLength > limit)
        {
            return null;
        }

        // A length that was only claimed buys no memory beyond a modest start; one byte more, to see the end in one read.
        var buffer = new byte[(int)Math.Min(request.ContentLength ?? FirstRead, FirstRead) + 1];
        var length = 0;
        int read;
        while ((read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted)) > 0)
        {
            length += read;
            if (length > limit)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, limit + 1L));
            }
        }

        request.Body = new MemoryStream(buffer, 0, length, writable: false);
        return buffer.AsMemory(0, length);
    }
}
