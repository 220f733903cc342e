using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using TokenExchange.Jose;

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
            return new EndpointAnswer.Outage(retryAfter, Repeatable: status >= 500 && retryAfter is null, OutageCause.Status(status));
        }

        var body = IsJson(response.Content) ? await ReadObjectAsync(response.Content, cancellationToken) : null;
        return new EndpointAnswer.Reply(status, body)
        {
            MediaType = body is null && response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types) ? types.ToString() : null,
            Location = status is >= 300 and < 400 && response.Headers.NonValidated.TryGetValues("Location", out var to) ? to.ToString() : null,
        };
    }

    /// <summary>One JSON object without duplicate members at any depth, in UTF-8 throughout, or null.</summary>
    public static JsonElement? ParseObject(ReadOnlyMemory<byte> utf8)
    {
        // The parser looks at the bytes of a text only where it is asked for.
        if (!Utf8.IsValid(utf8.Span))
        {
            return null;
        }

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
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && IsUnicode(value)
            ? value.GetString()
            : null;
    }

    /// <summary>
    /// The object as the RFCs would have written it: without members that are null, and with whole numbers as integers
    /// (<c>300.0</c> is 300). Null when a text in it is no Unicode.
    /// </summary>
    public static JsonElement? Plain(JsonElement answer)
    {
        if (!IsUnicode(answer))
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WritePlain(writer, answer);
        }

        return ParseObject(buffer.WrittenMemory);
    }

    private static bool IsUnicode(JsonElement value) => SurrogatePairs.AreWhole(JsonMarshal.GetRawUtf8Value(value));

    private static void WritePlain(Utf8JsonWriter writer, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            writer.WriteStartObject();
            foreach (var member in value.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
            {
                writer.WritePropertyName(member.Name);
                WritePlain(writer, member.Value);
            }

            writer.WriteEndObject();
        }
        else if (value.ValueKind == JsonValueKind.Number && TryWhole(value, out var whole))
        {
            writer.WriteNumberValue(whole);
        }
        else
        {
            value.WriteTo(writer);
        }
    }

    /// <summary>The value of a number without a fraction, however it is written.</summary>
    public static bool TryWhole(JsonElement number, out long whole)
    {
        whole = 0;
        if (number.ValueKind != JsonValueKind.Number)
        {
            return false;
        }

        if (number.TryGetInt64(out whole))
        {
            return true;
        }

        // Beyond what a decimal holds nothing is a time or a lifetime.
        if (!number.TryGetDecimal(out var value) || value != decimal.Truncate(value) || value is < long.MinValue or > long.MaxValue)
        {
            return false;
        }

        whole = (long)value;
        return true;
    }

    private static bool IsJson(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues("Content-Type", out var types) && types.Count == 1
        && MediaType.Parse(types.ToString())?.Is("application/json") == true
        && content.Headers.ContentEncoding.All(coding => coding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    private static async Task<JsonElement?> ReadObjectAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxBytes)
        {
            return null;
        }

        var stream = await content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            // Most answers are short, and say how long they are; one byte more, to see the end.
            const int FirstRead = 4 * 1024;
            var buffer = new byte[(int)(content.Headers.ContentLength ?? FirstRead) + 1];
            var length = 0;
            int read;
            while ((read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
            {
                length += read;
                if (length > MaxBytes)
                {
                    return null;
                }

                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(2 * buffer.Length, MaxBytes + 1));
                }
            }

            return ParseObject(buffer.AsMemory(0, length));
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
