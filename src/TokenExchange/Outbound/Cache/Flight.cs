namespace TokenExchange.Outbound.Cache;

/// <summary>One exchange on its way, and everybody who waits for it.</summary>
internal sealed class Flight(TokenExchangeRequest request)
{
    private readonly TaskCompletionSource<ExchangeResult> landing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private bool forgotten;
    private bool revoked;

    public TokenExchangeRequest Request => request;

    /// <summary>The outcome. It never ends with the cancellation of a caller.</summary>
    public Task<ExchangeResult> Landing => landing.Task;

    /// <summary>Those who wait are answered still, but nothing of the outcome is kept.</summary>
    public void Forget()
    {
        lock (gate)
        {
            forgotten = true;
        }
    }

    /// <summary>The subject was revoked: nothing is kept, and nobody gets the token any more.</summary>
    public void Revoke()
    {
        lock (gate)
        {
            revoked = true;
        }
    }

    /// <summary>Takes in the outcome; <paramref name="keep"/> remembers it, in one step with the question whether it may.</summary>
    public ExchangeResult Arrive(ExchangeResult outcome, Action<ExchangeResult> keep)
    {
        lock (gate)
        {
            if (revoked)
            {
                return new ExchangeResult.Refused(ExchangeError.SubjectRefused, Diagnostic: "revoked during the exchange");
            }

            if (!forgotten)
            {
                keep(outcome);
            }

            return outcome;
        }
    }

    public void Land(ExchangeResult outcome) => landing.SetResult(outcome);

    public void Crash(Exception bug)
    {
        landing.SetException(bug);
        // With nobody waiting any more this is nobody's exception.
        _ = landing.Task.Exception;
    }
}
