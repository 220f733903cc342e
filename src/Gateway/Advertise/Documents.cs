namespace Gateway.Advertise;

/// <summary>A public JSON document at a fixed path, the same for everybody: metadata and key sets.</summary>
/// <param name="Read">The bytes now; a key set changes while a generation lives.</param>
internal sealed record Document(Func<ReadOnlyMemory<byte>> Read);

/// <summary>Serves the documents of the current generation; they need no token, and a browser may read them.</summary>
internal static class Documents
{
    public static async Task ServeAsync(HttpContext context, Document document)
    {
        var response = context.Response;
        response.Headers.AccessControlAllowOrigin = "*";
        switch (context.Request.Method)
        {
            case "GET" or "HEAD":
                var bytes = document.Read();
                response.ContentType = "application/json";
                response.Headers.CacheControl = "max-age=60";
                response.ContentLength = bytes.Length;
                if (context.Request.Method == "GET")
                {
                    await response.Body.WriteAsync(bytes, context.RequestAborted);
                }

                break;
            case "OPTIONS":
                response.StatusCode = StatusCodes.Status204NoContent;
                response.Headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
                response.Headers.AccessControlAllowHeaders = "*";
                break;
            default:
                response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                response.Headers.Allow = "GET, HEAD, OPTIONS";
                break;
        }
    }
}
