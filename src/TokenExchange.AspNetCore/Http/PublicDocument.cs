using Microsoft.AspNetCore.Http;

namespace TokenExchange.AspNetCore.Http;

/// <summary>Serves a JSON document that needs no token, and that a browser may read: metadata and key sets.</summary>
internal static class PublicDocument
{
    public static async Task ServeAsync(HttpContext context, Func<ReadOnlyMemory<byte>> read)
    {
        var response = context.Response;
        response.Headers.AccessControlAllowOrigin = "*";
        switch (context.Request.Method)
        {
            case "GET" or "HEAD":
                var bytes = read();
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
