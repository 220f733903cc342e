using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Observe;

namespace TokenExchange.Outbound.Cache;

/// <summary>
/// All hop tokens alive in this process: bounded, shared by all servers and generations. An entry is found again exactly
/// when nothing it depends on has changed. One exchange per key is on its way at a time; it belongs to nobody who waits.
/// A token of 800 characters takes 2.4 KB, its entry and what a revocation finds it by included.
/// </summary>
public sealed class ExchangeCache : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<CacheKey, Flight> flights = new();
    private readonly ExchangeCacheSettings settings;
    private readonly ITimer sweep;
    private readonly Meter meter = new(TokenExchangeTelemetry.Name);
    private int waiting;

    // Read and written by many at once: whichever is there will do.
    private volatile TokenTerms? latest;

    /// <summary>An empty cache. Throws when a bound is not positive.</summary>
    public ExchangeCache(ExchangeCacheSettings settings, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Capacity, 1, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(settings.MaxAge, TimeSpan.Zero, nameof(settings));
        this.settings = settings;
        Clock = clock;
        Store = new CacheStore(settings.Capacity);
        sweep = clock.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery);
        meter.CreateObservableGauge("token_exchange.cache.entries", () => Store.Count, "{entry}", "Outcomes remembered, refusals included.");
    }

    internal CacheStore Store { get; }

    internal TimeProvider Clock { get; }

    internal Meter Meter => meter;

    /// <summary>How many callers wait for an exchange in this moment.</summary>
    internal int Waiting => Volatile.Read(ref waiting);

    /// <summary>An exchanger that asks <paramref name="inner"/> only for what this cache does not hold.</summary>
    /// <param name="inner">The exchanger that issues.</param>
    /// <param name="partition">What else an entry depends on: authorization server, token endpoint and client.</param>
    public ITokenExchanger Wrap(ITokenExchanger inner, CachePartition partition)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(partition);
        return new CachedExchanger(this, inner, partition);
    }

    /// <summary>What is remembered, in no order: for an operator's eyes, never the tokens.</summary>
    public IEnumerable<ExchangeCacheEntry> Entries() =>
        Store.Entries.Where(entry => entry.IsLive(Clock.GetUtcNow())).Select(ExchangeCacheEntry.Of);

    /// <summary>Drops every hop token of a subject, also those on their way; returns how many were held.</summary>
    public int ForgetSubject(string issuer, string subject)
    {
        Revoke(request => request.Subject.Issuer == issuer && request.Subject.Subject == subject);
        return Store.RemoveSubject(issuer, subject);
    }

    /// <summary>Drops what was exchanged for tokens that one of a few revocations hits, also what is on its way; returns how much was held for each of them.</summary>
    public int[] Forget(RevocationMatch match, int revocations)
    {
        ArgumentNullException.ThrowIfNull(match);
        var held = new int[revocations];
        Revoke(request => match.IndexOf(request.Subject) >= 0);
        Store.RemoveWhere(entry =>
        {
            if (entry.Subject is null || match.IndexOf(entry.Facts) is not (>= 0 and var index))
            {
                return false;
            }

            held[index]++;
            return true;
        });
        return held;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sweep.Dispose();
        meter.Dispose();
    }

    /// <summary>What is remembered and may answer now: a token no longer than the inbound one, which is taken for a while after its end, and a refusal as long as it is one.</summary>
    internal CacheEntry? Find(in CacheKey key, TokenExchangeRequest request, DateTimeOffset now) =>
        Store.Find(key, now) is { } entry && (entry.IsRefusal || now < request.Subject.ExpiresAt) ? entry : null;

    /// <summary>The flight for the key, begun here unless one is on its way.</summary>
    internal Flight Board(CacheKey key, TokenExchangeRequest request, ITokenExchanger inner, out bool joined)
    {
        var own = new Flight(request);
        var flight = flights.GetOrAdd(key, own);
        joined = !ReferenceEquals(flight, own);
        if (joined)
        {
            return flight;
        }

        // The last flight may have landed between the look into the store and this one's beginning.
        var now = Clock.GetUtcNow();
        if (Find(key, request, now) is { } entry)
        {
            entry.CountHit();
            flights.TryRemove(new(key, own));
            own.Land(entry.Answer);
        }
        else
        {
            _ = FlyAsync(key, own, inner);
        }

        return own;
    }

    /// <summary>Waits for a flight to land; a caller who leaves ends its own wait alone.</summary>
    internal async Task<ExchangeResult> WaitAsync(Flight flight, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            return await flight.Landing.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    internal void RefreshBehind(CacheKey key, CacheEntry entry, TokenExchangeRequest request, ITokenExchanger inner)
    {
        var flight = new Flight(request);
        if (flights.TryAdd(key, flight))
        {
            // On another thread and in nobody's context: the request that noticed is not to wait, nor to own it.
            ThreadPool.UnsafeQueueUserWorkItem(_ => _ = FlyAsync(key, flight, inner, entry), null);
        }
        else
        {
            entry.RefreshLater(Clock.GetUtcNow());
        }
    }

    /// <summary>Forgets unless a newer token than the refused one is held or on its way already.</summary>
    internal void Forget(in CacheKey key, OutboundToken refused)
    {
        if (Store.Find(key, Clock.GetUtcNow()) is not { Answer: ExchangeResult.Issued held } || !ReferenceEquals(held.Token, refused))
        {
            return;
        }

        if (flights.TryRemove(key, out var flight))
        {
            flight.Forget();
        }

        Store.Remove(key);
    }

    /// <summary>Completes when everything that is on its way has landed; null when nothing is.</summary>
    internal Task? Settled() =>
        flights.Values.Select(flight => (Task)flight.Landing).ToList() is { Count: > 0 } landings ? Task.WhenAll(landings) : null;

    /// <summary>What a revocation finds the entry by: the validation's own memory of the token, or else one like it that shares what tokens of one client have in common.</summary>
    private RememberedToken OriginOf(ValidatedToken subject)
    {
        if (subject.Remembered is { } remembered)
        {
            return remembered;
        }

        var terms = TokenTerms.Of(subject, null!, 0, latest);
        latest = terms;
        return new RememberedToken(subject, terms, withClaims: false);
    }

    private async Task FlyAsync(CacheKey key, Flight flight, ITokenExchanger inner, CacheEntry? refreshed = null)
    {
        try
        {
            ExchangeResult outcome;
            using var deadline = new CancellationTokenSource(settings.FlightTimeout, Clock);
            try
            {
                var exchange = inner.ExchangeAsync(flight.Request, deadline.Token);
                outcome = exchange.IsCompletedSuccessfully ? exchange.Result : await exchange.AsTask().WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                outcome = new ExchangeResult.Unavailable(TimeSpan.FromSeconds(RandomNumberGenerator.GetInt32(1, 6)));
            }

            // Kept first, then taken off the board: whoever finds no flight finds the entry.
            outcome = flight.Arrive(outcome, arrived => Keep(key, flight.Request, arrived, refreshed));
            flights.TryRemove(new(key, flight));
            flight.Land(outcome);
        }
        catch (Exception bug)
        {
            flights.TryRemove(new(key, flight));
            refreshed?.RefreshLater(Clock.GetUtcNow());
            flight.Crash(bug);
        }
    }

    private void Keep(CacheKey key, TokenExchangeRequest request, ExchangeResult outcome, CacheEntry? refreshed)
    {
        var now = Clock.GetUtcNow();
        if (refreshed?.IsLive(now) == true && outcome is not ExchangeResult.Issued && !EntryLifetime.EndsEntry(outcome))
        {
            refreshed.RefreshLater(now);
            return;
        }

        var (answer, until, refreshFrom) = outcome switch
        {
            ExchangeResult.Issued issued when EntryLifetime.OfToken(now, issued.Token.ExpiresAt, request.Subject.ExpiresAt, settings.MaxAge) is var end =>
                (issued with { Origin = ExchangeOrigin.Hit }, end, EntryLifetime.RefreshFrom(now, end)),
            _ when EntryLifetime.IsRemembered(outcome) => (outcome, EntryLifetime.OfRefusal(now), DateTimeOffset.MaxValue),
            _ => (outcome, now, now),
        };
        if (refreshed?.IsLive(now) == true && outcome is ExchangeResult.Issued && until <= refreshed.ServedUntil)
        {
            // Nothing was gained: the server gave the same token again, or one that ends no later.
            refreshed.RefreshLater(now);
        }
        else if (until > now)
        {
            Store.Put(new CacheEntry(key, answer, request.Target.InboundResource, OriginOf(request.Subject), until, refreshFrom), request.Subject.Issuer, request.Subject.Subject, now);
        }
    }

    private void Revoke(Predicate<TokenExchangeRequest> ofSubject)
    {
        foreach (var (key, flight) in flights)
        {
            if (ofSubject(flight.Request))
            {
                flight.Revoke();
                flights.TryRemove(new(key, flight));
            }
        }
    }

    private void Sweep()
    {
        var now = Clock.GetUtcNow();
        Store.RemoveWhere(entry => !entry.IsLive(now));
    }
}
