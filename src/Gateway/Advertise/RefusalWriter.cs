using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using TokenExchange.Inbound;

namespace Gateway.Advertise;

/// <summary>Writes refusals: the only place that refuses a proxied request, and the only one that builds a challenge.</summary>
/// <remarks>RFC 6750 §3; RFC 9449 §7.1; RFC 9728 §5.1; MCP authorization, step-up.</remarks>
internal static class RefusalWriter
{
    /// <summary>The longest remediation in a header; the body has it, whatever its length.</summary>
    private const int MostRemediation = 4 * 1024;

    /// <summary>Answers with <paramref name="refused"/>; nothing was sent to the MCP server, or its answer was dropped.</summary>
    public static async Task WriteAsync(HttpContext context, GatewayRequest request, Refused refused)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }

        response.StatusCode = refused.Kind.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Request-Id"] = request.Id;
        response.Headers.WWWAuthenticate = Challenges(request.Server, refused);
        ProofNonce.Offer(response.Headers, request);
        if (refused.RetryAfter is { } delay)
        {
            ComeBackAfter(response, delay);
        }

        var body = refused.Kind.JsonRpcCode != 0 ? JsonRpcError(refused.Kind, request.MessageId, request.Id, refused.AuthorizationDetails) : Body(refused, request);
        response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
        }
    }

    /// <summary>Says when to come back: in whole seconds, in a second at least, and never later than in 30, whatever a peer has asked for.</summary>
    /// <remarks>RFC 9110 §10.2.3.</remarks>
    public static void ComeBackAfter(HttpResponse response, TimeSpan delay) =>
        response.Headers.RetryAfter = Math.Clamp((int)Math.Ceiling(delay.TotalSeconds), 1, 30).ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// The values of <c>WWW-Authenticate</c>, each for a line of its own; empty where the refusal has none. Bearer comes
    /// first, because there are clients that look no further.
    /// </summary>
    public static StringValues Challenges(McpServer? server, Refused refused)
    {
        if (refused.Kind.Challenge == ChallengeKind.None || server is null)
        {
            return default;
        }

        var proof = Challenge("DPoP", server, refused);
        return server.Challenge.ProofRequired ? proof : new StringValues([Challenge("Bearer", server, refused), proof]);
    }

    private static string Challenge(string scheme, McpServer server, Refused refused)
    {
        var isBearer = scheme == "Bearer";

        // What is wrong with a proof is nothing to who has none.
        var isOfTheScheme = !isBearer || refused.Kind.Challenge is not (ChallengeKind.InvalidDPoPProof or ChallengeKind.UseDPoPNonce);
        var scopes = refused.Kind.Challenge switch
        {
            ChallengeKind.Missing => server.Challenge.MissingTokenScopes,
            ChallengeKind.InsufficientScope => server.Challenge.Prefixed(refused.Scopes ?? ScopeSet.Empty),
            _ => "",
        };
        var text = TokenExchange.AspNetCore.Http.Challenge.Begin(
            scheme, refused.Kind.Challenge != ChallengeKind.Missing && isOfTheScheme ? refused.Kind.Error : null, refused.Kind.Description, server.Challenge.MetadataUrl, scopes);

        if (refused is { Kind.Challenge: ChallengeKind.InsufficientClaims, Claims: { } claims })
        {
            text.Append(", claims=\"").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(claims))).Append('"');
        }

        if (refused is { Kind.Challenge: ChallengeKind.InsufficientAuthorization, AuthorizationDetails: { } details }
            && Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{{\"authorization_details\":{details}}}")) is { Length: <= MostRemediation } remediation)
        {
            text.Append(", authorization_remediation=\"").Append(remediation).Append('"');
        }

        if (!isBearer)
        {
            text.Append(", algs=\"").AppendJoin(' ', server.Challenge.ProofAlgorithms).Append('"');
        }

        return text.ToString();
    }

    /// <summary>A refusal as a JSON-RPC error: clients of either era fall back to another transport on a 400 that is none.</summary>
    public static ArrayBufferWriter<byte> JsonRpcError(Refusal refusal, ReadOnlyMemory<byte> messageId, string requestId, string? details = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("jsonrpc", "2.0");
        json.WritePropertyName("id");
        json.WriteRawValue(messageId.IsEmpty ? "null"u8 : messageId.Span, skipInputValidation: true);
        json.WriteStartObject("error");
        json.WriteNumber("code", refusal.JsonRpcCode);
        json.WriteString("message", refusal.Description);
        json.WriteStartObject("data");
        json.WriteString("reason", refusal.Reason);
        json.WriteString("request_id", requestId);
        if (details is not null)
        {
            json.WritePropertyName("authorization_details");
            json.WriteRawValue(details, skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer;
    }

    private static ArrayBufferWriter<byte> Body(Refused refused, GatewayRequest request)
    {
        var refusal = refused.Kind;
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("error", refusal.Error);
        json.WriteString("error_description", refusal.Description);
        json.WriteString("reason", refusal.Reason);
        json.WriteString("request_id", request.Id);
        json.WriteEndObject();
        json.Flush();
        return buffer;
    }
}
