using TokenExchange.Issuers;

namespace Gateway.Authorize.Bodies;

/// <summary>What a request says of its body, judged before a byte of it is read.</summary>
internal static class BodyForm
{
    /// <summary>
    /// Whether the body's end is said once. Kestrel takes a transfer coding beside a length, or stacked upon another, by
    /// its own reading, as HTTP allows; a proxy in front may have read something else (RFC 9112 §6.1, §11.2). No other
    /// version than HTTP/1.1 has transfer codings; Kestrel ignores one in HTTP/2, which calls it malformed (RFC 9113 §8.2.2).
    /// </summary>
    public static bool IsFramedOnce(HttpRequest request)
    {
        var coding = request.Headers.TransferEncoding;

        // The name under which Kestrel keeps a length that it ignored.
        return coding.Count == 0
            || (coding.Count == 1 && coding[0]!.Equals("chunked", StringComparison.OrdinalIgnoreCase) && HttpProtocol.IsHttp11(request.Protocol) && !request.Headers.ContainsKey("X-Content-Length"));
    }

    /// <summary>Whether the body is JSON that is encoded no further, in UTF-8: what every MCP server reads alike.</summary>
    public static bool IsPlainJson(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding;
        if (encoding.Count > 1 || (encoding.Count == 1 && !encoding[0]!.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        if (request.Headers.ContentType is not [{ } contentType])
        {
            return false;
        }

        if (contentType == "application/json")
        {
            return true;
        }

        return MediaType.Parse(contentType) is { } type
            && type.Is("application/json")
            && type.Parameters.All(parameter => parameter.Key.Equals("charset", StringComparison.OrdinalIgnoreCase) && parameter.Value.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether the body says that it is of this type, not encoded any further, and in UTF-8 or its ASCII part.</summary>
    public static bool IsOf(HttpRequest request, string mediaType) =>
        request.Headers.ContentEncoding.All(coding => "identity".Equals(coding, StringComparison.OrdinalIgnoreCase))
        && request.Headers.ContentType.Count == 1
        && MediaType.Parse(request.ContentType) is { } type
        && type.Is(mediaType)
        && type["charset"]?.ToLowerInvariant() is null or "utf-8" or "us-ascii";
}
