namespace Gateway.Forward;

internal static partial class ForwardEvents
{
    [LoggerMessage(5001, LogLevel.Warning, "Request {RequestId} could not be carried to {Server} or its answer not back: {Error}, {Cause}", EventName = "ForwardingFailed")]
    public static partial void ForwardingFailed(this ILogger logger, string requestId, string server, Yarp.ReverseProxy.Forwarder.ForwarderError error, string cause);

    [LoggerMessage(5002, LogLevel.Warning, "Request {RequestId} was redirected by {Server} to {Location}; that is neither followed nor passed on", EventName = "UpstreamRedirected")]
    public static partial void McpServerRedirected(this ILogger logger, string requestId, string server, string? location);

    [LoggerMessage(5003, LogLevel.Warning, "{Server} announced an endpoint outside its destination on the stream of request {RequestId}: {Endpoint}; the stream was ended", EventName = "EndpointOutside")]
    public static partial void EndpointOutside(this ILogger logger, string requestId, string server, string? endpoint);
}
