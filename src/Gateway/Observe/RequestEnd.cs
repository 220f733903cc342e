namespace Gateway.Observe;

/// <summary>
/// Tells about a request once, when its outcome is known: right before the first byte of its answer goes out, be it
/// relayed or a refusal.
/// </summary>
internal sealed class RequestEnd(AuditLog audit, GatewayMetrics metrics, RecentRefusals refusals)
{
    /// <summary>Writes the audit event, counts the request and describes its span.</summary>
    public ValueTask CompleteAsync(HttpContext context, GatewayRequest request)
    {
        if (request.Told)
        {
            return default;
        }

        request.Told = true;
        request.EndWait();
        var credentials = Credentials.Of(context, request);
        metrics.Completed(request.Record);
        refusals.Add(request.Record, credentials);
        Telemetry.Describe(context, request.Record, credentials);
        return audit.WriteAsync(request.Record, credentials);
    }
}
