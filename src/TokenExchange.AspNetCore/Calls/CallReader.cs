using System.Text.Json;

namespace TokenExchange.AspNetCore.Calls;

/// <summary>
/// What a request calls, in the words of <c>mcp_call</c>. That two readers could read the bytes differently is no matter here:
/// the token holds their digest, and was made for what its issuer has read in them.
/// </summary>
internal static class CallReader
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128 };

    /// <summary>The method and what it is applied to; null when the body is no JSON-RPC message.</summary>
    public static (string Method, string? Name)? Read(string verb, ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return verb == "POST" ? null : (verb, null);
        }

        try
        {
            var message = JsonElement.Parse(body, Options);
            if (message.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            if (!message.TryGetProperty("method", out var method))
            {
                return (verb, null);
            }

            return method.ValueKind == JsonValueKind.String && method.GetString() is { Length: > 0 } named
                ? (named, message.TryGetProperty("params", out var parameters) && parameters.ValueKind == JsonValueKind.Object ? NameOf(named, parameters) : null)
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a lone surrogate in an escaped text.
            return null;
        }
    }

    private static string? NameOf(string method, JsonElement parameters) => MethodNames.Of(method) switch
    {
        NameKind.Name => Text(parameters, "name"),
        NameKind.Uri => Text(parameters, "uri"),
        NameKind.Task => Text(parameters, "taskId"),
        NameKind.Reference when parameters.TryGetProperty("ref", out var reference) && reference.ValueKind == JsonValueKind.Object =>
            reference.TryGetProperty("uri", out _) ? Text(reference, "uri") : Text(reference, "name"),
        _ => null,
    };

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
