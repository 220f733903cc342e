namespace Gateway.Forward;

internal static partial class ForwardEvents
{
    [LoggerMessage(5001, LogLevel.Warning, "Request {RequestId} could not be carried to {Server} or its answer not back: {Error}, {Cause}", EventName = "ForwardingFailed")]
    public static partial void ForwardingFailed(this ILogger logger, string requestId, string server, Yarp.ReverseProxy.Forwarder.ForwarderError error, string cause);
}
