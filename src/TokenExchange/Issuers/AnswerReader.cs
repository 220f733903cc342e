using System.Net;
using System.Text.Json;

namespace TokenExchange.Issuers;

/// <summary>Reads an answer of an authorization server: bounded, strict, and without believing it anything.</summary>
internal static class AnswerReader
{
    public const int MaxBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    public static async Task<EndpointAnswer> ReadAsync(HttpResponseMessage response, TimeProvider clock, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (status >= 500 || response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout)
        {
            // A server that names a time, or counts our requests, is not asked again at once.
            var retryAfter = RetryAfter(response, clock);
            return new EndpointAnswer.Outage(retryAfter, Repeatable: status >= 500 && retryAfter is null);
        }

        return new EndpointAnswer.Reply(status, IsJson(response.Content) ? await ReadObjectAsync(response.Content, cancellationToken) : null);
    }

    /// <summary>One JSON object without duplicate members at any depth, or null.</summary>
    public static JsonElement? ParseObject(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A lone surrogate in a member's name is an InvalidOperationException.
            return null;
        }
    }

    /// <summary>The string value of a member; null when it is absent, of another type or no valid Unicode.</summary>
    public static string? Text(this JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsJson(HttpContent content) =>
        string.Equals(content.Headers.ContentType?.MediaType, "application/json", StringComparison.OrdinalIgnoreCase)
        && content.Headers.ContentEncoding.Count == 0;

    private static async Task<JsonElement?> ReadObjectAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxBytes)
        {
            return null;
        }

        var stream = await content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            var buffer = new byte[MaxBytes + 1];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return length > MaxBytes ? null : ParseObject(buffer.AsMemory(0, length));
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock) =>
        response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => null,
        };
}
