namespace TokenExchange.Issuers;

/// <summary>An endpoint of an authorization server that could not be had when it was asked last.</summary>
/// <param name="Cause">In which way, in a fixed word: see <see cref="OutageCause"/>.</param>
/// <param name="Since">When the outages began that have followed one another since.</param>
/// <param name="At">When it was asked last.</param>
public sealed record EndpointOutage(string Cause, DateTimeOffset Since, DateTimeOffset At)
{
    /// <summary>Until when nobody asks, since the circuit breaker is open; null when the next request asks.</summary>
    public DateTimeOffset? NextTry { get; init; }
}
