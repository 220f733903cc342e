namespace Gateway.Observe;

/// <summary>
/// Tells about a request once, when its outcome is known: right before the first byte of its answer goes out, be it
/// relayed or a refusal.
/// </summary>
internal sealed class RequestEnd(AuditLog audit, GatewayMetrics metrics, RefusalGroups? refusals = null)
{
    /// <summary>Whether what begins now could not be told in the end.</summary>
    public bool IsStuck => audit.IsStuck;

    /// <summary>Writes the audit event, counts the request and describes its span. False: a refusal that has no line, and must get no answer.</summary>
    public ValueTask<bool> CompleteAsync(HttpContext context, GatewayRequest request)
    {
        if (request.Told)
        {
            return new(true);
        }

        request.Told = true;
        request.EndWait();
        var record = request.Record;
        var elapsed = metrics.Completed(record);
        request.Server?.Traffic?.Completed(record, elapsed);
        if ((record.Reason is null || refusals is null) && !audit.IsHeard && !Telemetry.Source.HasListeners())
        {
            // Nobody is told any text, so that none has to be searched for credentials.
            return new(true);
        }

        var credentials = Credentials.Of(context, request);
        refusals?.Add(record, credentials);
        Telemetry.Describe(context, record, credentials);
        return audit.WriteAsync(record, credentials);
    }
}
