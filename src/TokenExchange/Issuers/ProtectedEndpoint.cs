using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace TokenExchange.Issuers;

/// <summary>
/// One endpoint of one authorization server, asked by all its clients: a time limit over everything, one more try with
/// jitter after a failure of transport or server, and a circuit breaker that opens on outages only, and on those of
/// several subjects (<see cref="SubjectBreaker"/>). An answer that refuses somebody is no outage, whoever is refused.
/// </summary>
internal sealed class ProtectedEndpoint
{
    public static readonly TimeSpan ShortestBreak = SubjectBreaker.ShortestBreak;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    // Second tries and time limits are counted; a log would quote what peers say.
    private static readonly TelemetryOptions Counted = new() { LoggerFactory = NullLoggerFactory.Instance };

    private readonly ResiliencePipeline<EndpointAnswer> pipeline;
    private readonly SubjectBreaker breaker;
    private readonly TimeProvider clock;
    private volatile EndpointOutage? outage;

    /// <param name="name">What is asked for: "token" or "introspection".</param>
    /// <param name="server">The authorization server's name in the configuration.</param>
    /// <param name="timeout">The limit over both tries.</param>
    /// <param name="clock">The time.</param>
    /// <param name="tries">How often it is asked at most: twice, or once where whoever asked can ask again as well.</param>
    public ProtectedEndpoint(string name, string server, TimeSpan timeout, TimeProvider clock, int tries = 2)
    {
        this.clock = clock;
        breaker = new SubjectBreaker(clock);
        var builder = new ResiliencePipelineBuilder<EndpointAnswer> { Name = name, InstanceName = server, TimeProvider = clock }
            .ConfigureTelemetry(Counted)
            .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout });
        if (tries > 1)
        {
            builder.AddRetry(new RetryStrategyOptions<EndpointAnswer>
            {
                MaxRetryAttempts = tries - 1,
                ShouldHandle = static retry => new(retry.Outcome.Result is EndpointAnswer.Outage { Repeatable: true }),
                DelayGenerator = static _ => new(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(50, 250))),
            });
        }

        pipeline = builder.Build();
    }

    /// <summary>What the last answer that was waited for came to, when that was an outage; null when it was not.</summary>
    public EndpointOutage? Outage => outage is { } last ? last with { NextTry = breaker.OpenUntil } : null;

    /// <summary>
    /// Runs <paramref name="attempt"/>, perhaps twice. It is not cancelled when a caller leaves: a probe that is broken off
    /// would tell the breaker nothing, and the time limit bounds it anyway. Only bugs throw.
    /// </summary>
    public async Task<EndpointAnswer> AskAsync(AskedAbout subject, Func<CancellationToken, Task<EndpointAnswer>> attempt)
    {
        if (breaker.BreakFor(subject) is { } left)
        {
            return new EndpointAnswer.Outage(Bounded(Spread(left)), Repeatable: false, OutageCause.Breaker);
        }

        EndpointAnswer? answer = null;
        try
        {
            return answer = await AttemptAsync(attempt);
        }
        finally
        {
            switch (answer)
            {
                case EndpointAnswer.Outage { RetryAfter: var wait, Cause: var cause }:
                    var now = clock.GetUtcNow();
                    outage = new EndpointOutage(cause, outage?.Since ?? now, now);
                    breaker.Failed(subject, wait > ShortestBreak ? wait.Value : ShortestBreak);
                    break;
                case EndpointAnswer.Reply:
                    outage = null;
                    breaker.Succeeded();
                    break;
                default:
                    // Nothing was sent, or there was a bug: the endpoint is neither well nor down.
                    breaker.Undecided(subject);
                    break;
            }
        }
    }

    private async Task<EndpointAnswer> AttemptAsync(Func<CancellationToken, Task<EndpointAnswer>> attempt)
    {
        var context = ResilienceContextPool.Shared.Get();
        try
        {
            var outcome = await pipeline.ExecuteOutcomeAsync(
                static async (context, attempt) => Outcome.FromResult(await TryAsync(attempt, context)), context, attempt);
            return outcome.Exception switch
            {
                null => WithBoundedWait(outcome.Result!),
                TimeoutRejectedException or OperationCanceledException => new EndpointAnswer.Outage(Bounded(null), Repeatable: false, OutageCause.Timeout),
                _ => throw new InvalidOperationException("An exchange failed in a way that is not an outage.", outcome.Exception),
            };
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static EndpointAnswer WithBoundedWait(EndpointAnswer answer) =>
        answer is EndpointAnswer.Outage outage ? outage with { RetryAfter = Bounded(outage.RetryAfter) } : answer;

    /// <summary>A wait as it may be told to a client: 1 to 30 s.</summary>
    private static TimeSpan Bounded(TimeSpan? wait)
    {
        var given = wait ?? ShortestBreak;
        return given < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : given > LongestWait ? LongestWait : given;
    }

    /// <summary>Up to 2 s more than is left of a break, by chance, so that what was turned away together does not return together.</summary>
    private static TimeSpan Spread(TimeSpan left) => left + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(0, 2_000));

    private static async Task<EndpointAnswer> TryAsync(Func<CancellationToken, Task<EndpointAnswer>> attempt, ResilienceContext context)
    {
        try
        {
            return await attempt(context.CancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new EndpointAnswer.Outage(null, Repeatable: true, OutageCause.Of(exception) ?? OutageCause.Ended);
        }
        catch (OperationCanceledException)
        {
            return new EndpointAnswer.Outage(null, Repeatable: false, OutageCause.Timeout);
        }
    }
}
