using System.Collections.Concurrent;
using System.Threading.Channels;
using Harness;
using TokenExchange.Outbound;

namespace TokenExchange.Tests.Cache;

/// <summary>An exchanger that answers when and what a test says, and counts.</summary>
internal sealed class ScriptedExchanger(ManualClock clock) : ITokenExchanger
{
    private readonly Channel<int> asked = Channel.CreateUnbounded<int>();
    private int calls;

    public ConcurrentQueue<TaskCompletionSource<ExchangeResult>> Held { get; } = new();

    /// <summary>Null: every exchange is held until the test answers it.</summary>
    public Func<TokenExchangeRequest, ExchangeResult>? Answer { get; set; }

    public int Calls => Volatile.Read(ref calls);

    public CancellationToken LastCancellation { get; private set; }

    public ExchangeResult Token(TokenExchangeRequest request, TimeSpan lifetime) => Issue(request, clock.GetUtcNow() + lifetime);

    public static ExchangeResult Issue(TokenExchangeRequest request, DateTimeOffset expiresAt, string value = "hop") =>
        new ExchangeResult.Issued(
            new OutboundToken(OutboundToken.SchemeOf(null) + value)
            {
                InboundResource = request.Target.InboundResource,
                Audiences = [request.Target.Resource],
                Scopes = request.Scopes,
                TokenId = null,
                ExpiresAt = expiresAt,
            },
            ExchangeOrigin.Issued);

    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref calls);
        LastCancellation = cancellationToken;
        if (Answer is not null)
        {
            var answer = Answer(request);
            asked.Writer.TryWrite(0);
            return new(answer);
        }

        var held = new TaskCompletionSource<ExchangeResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Held.Enqueue(held);
        asked.Writer.TryWrite(0);
        return new(held.Task);
    }

    /// <summary>Completes once one more exchange was asked for.</summary>
    public Task Asked() => asked.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
}
