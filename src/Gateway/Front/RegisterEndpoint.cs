using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Gateway.Authorize.Bodies;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Front;

/// <summary>
/// Where clients register: whoever wants answers at listed addresses alone is given the one client id, and no secret.
/// Nothing is registered thereby, and nothing of the request is kept.
/// </summary>
/// <remarks>RFC 7591 §3.</remarks>
internal static class RegisterEndpoint
{
    private const int MostUris = 20;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static async Task AnswerAsync(FrontVisit visit)
    {
        using var body = await visit.ReadAsync("application/json");
        await (body switch
        {
            SmallBody.Read read when RedirectUrisOf(read.Bytes) is { } redirectUris => AnswerAsync(visit, redirectUris),
            SmallBody.Read or SmallBody.Unfit => visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_client_metadata", "The body must be one JSON object of at most 16 KiB, with redirect_uris as a list of one to 20 texts."),
            SmallBody.Overloaded => visit.OverloadedAsync(),
            _ => throw new UnreachableException(),
        });
    }

    private static async Task AnswerAsync(FrontVisit visit, List<string> redirectUris)
    {
        if (redirectUris.FindIndex(uri => !visit.Front.RedirectUris.Lists(uri)) is >= 0 and var unlisted)
        {
            await visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_redirect_uri", FormattableString.Invariant($"Entry {unlisted} of redirect_uris is not one that the operator of this gateway has listed (RedirectUris)."));
            return;
        }

        if ((await visit.Front.SignInAsync(visit.Context.RequestAborted)).Refusal is { } closed)
        {
            await visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_client_metadata", closed.Text);
            return;
        }

        await visit.WriteAsync(StatusCodes.Status201Created, "application/json", Registration(visit.Front, redirectUris));
    }

    private static List<string>? RedirectUrisOf(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("redirect_uris", out var uris)
                && uris.ValueKind == JsonValueKind.Array
                && uris.GetArrayLength() is > 0 and <= MostUris
                && uris.EnumerateArray().All(uri => uri.ValueKind == JsonValueKind.String)
                    ? [.. uris.EnumerateArray().Select(uri => uri.GetString()!)]
                    : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A lone surrogate is an InvalidOperationException.
            return null;
        }
    }

    private static ReadOnlyMemory<byte> Registration(ClientFront front, List<string> redirectUris)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("client_id", front.ClientId);
        json.WriteStrings("redirect_uris", redirectUris);
        json.WriteStrings("grant_types", ["authorization_code", "refresh_token"]);
        json.WriteStrings("response_types", ["code"]);
        json.WriteString("token_endpoint_auth_method", "none");
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
