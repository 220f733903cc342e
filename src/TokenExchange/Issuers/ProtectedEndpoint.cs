using System.Security.Cryptography;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace TokenExchange.Issuers;

/// <summary>
/// One endpoint of one authorization server, asked by all its clients: a time limit over everything, one more try with
/// jitter after a failure of transport or server, and a circuit breaker that opens on outages only. An answer that
/// refuses somebody is no outage, whoever is refused.
/// </summary>
internal sealed class ProtectedEndpoint
{
    public static readonly TimeSpan ShortestBreak = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly ResiliencePropertyKey<TimeSpan> AskedToWait = new(nameof(AskedToWait));

    private readonly ResiliencePipeline<EndpointAnswer> pipeline;

    public ProtectedEndpoint(TimeSpan timeout, TimeProvider clock)
    {
        pipeline = new ResiliencePipelineBuilder<EndpointAnswer> { TimeProvider = clock }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout })
            .AddRetry(new RetryStrategyOptions<EndpointAnswer>
            {
                MaxRetryAttempts = 1,
                ShouldHandle = static retry => new(retry.Outcome.Result is EndpointAnswer.Outage { Repeatable: true }),
                DelayGenerator = static _ => new(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(50, 250))),
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<EndpointAnswer>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 5,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDurationGenerator = static broken => new(broken.Context.Properties.GetValue(AskedToWait, ShortestBreak)),
                ShouldHandle = static attempt => new(attempt.Outcome.Result is EndpointAnswer.Outage),
            })
            .Build();
    }

    /// <summary>
    /// Runs <paramref name="attempt"/>, perhaps twice. It is not cancelled when a caller leaves: a probe that is broken off
    /// would tell the breaker nothing, and the time limit bounds it anyway. Only bugs throw.
    /// </summary>
    public async Task<EndpointAnswer> AskAsync(Func<CancellationToken, Task<EndpointAnswer>> attempt)
    {
        var context = ResilienceContextPool.Shared.Get();
        try
        {
            var outcome = await pipeline.ExecuteOutcomeAsync(
                static async (context, attempt) => Outcome.FromResult(await TryAsync(attempt, context)), context, attempt);
            return outcome.Exception switch
            {
                null => WithBoundedWait(outcome.Result!),
                BrokenCircuitException broken => new EndpointAnswer.Outage(Bounded(Spread(broken.RetryAfter ?? ShortestBreak)), Repeatable: false),
                TimeoutRejectedException or OperationCanceledException => new EndpointAnswer.Outage(Bounded(null), Repeatable: false),
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
        EndpointAnswer answer;
        try
        {
            answer = await attempt(context.CancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new EndpointAnswer.Outage(null, Repeatable: true);
        }
        catch (OperationCanceledException)
        {
            return new EndpointAnswer.Outage(null, Repeatable: false);
        }

        if (answer is EndpointAnswer.Outage { RetryAfter: { } asked })
        {
            context.Properties.Set(AskedToWait, asked < ShortestBreak ? ShortestBreak : Bounded(asked));
        }

        return answer;
    }
}
