using System.Text;
using Gateway.Authorize.Bodies;

namespace Gateway.Front;

/// <summary>One request to a front, and the ways to answer it.</summary>
internal sealed record FrontVisit(HttpContext Context, ClientFront Front, BodyBudget Bodies, TimeProvider Clock, ILogger Log)
{
    private const int MostBytes = 16 * 1024;

    public string RequestId => GatewayRequest.Of(Context).Id;

    /// <summary>The body, if it is of this type; held until it is disposed of.</summary>
    public ValueTask<SmallBody> ReadAsync(string mediaType) =>
        SmallBody.ReadAsync(Context, FrontEndpoints.PathPrefix, mediaType, MostBytes, Bodies, Clock);

    /// <summary>Answers a client with an OAuth error of fixed texts.</summary>
    /// <remarks>RFC 6749 §5.2; RFC 7591 §3.2.2.</remarks>
    public Task FailAsync(int status, string error, string description)
    {
        Log.FrontRefused(Front.Name, error, description);
        return WriteAsync(status, "application/json", $$"""{"error":"{{error}}","error_description":"{{description}}"}""");
    }

    /// <summary>Answers a client that too much is held already.</summary>
    public Task OverloadedAsync()
    {
        SmallBody.Overloaded.Tell(Context.Response);
        return FailAsync(Context.Response.StatusCode, "temporarily_unavailable", "Too much is being read at the moment.");
    }

    public Task WriteAsync(int status, string contentType, string text) => WriteAsync(status, contentType, Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(int status, string contentType, ReadOnlyMemory<byte> bytes)
    {
        var response = Context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = bytes.Length;
        response.Headers["X-Request-Id"] = RequestId;
        if (!HttpMethods.IsHead(Context.Request.Method))
        {
            await response.Body.WriteAsync(bytes, Context.RequestAborted);
        }
    }
}

internal static partial class FrontEvents
{
    [LoggerMessage(1701, LogLevel.Information, "The front of {AuthorizationServer} refused a request: {Reason} ({Detail})", EventName = "FrontRefused")]
    public static partial void FrontRefused(this ILogger logger, string authorizationServer, string reason, string detail);

    [LoggerMessage(1702, LogLevel.Information, "By the consent of a user the front of {AuthorizationServer} sent a browser on, for {Server}", EventName = "FrontSentOn")]
    public static partial void FrontSentOn(this ILogger logger, string authorizationServer, string server);

    [LoggerMessage(1703, LogLevel.Information, "The front of {AuthorizationServer} passed on a token request ({GrantType}), which was answered {Status}", EventName = "FrontTokenRelayed")]
    public static partial void FrontTokenRelayed(this ILogger logger, string authorizationServer, string grantType, int status);
}
