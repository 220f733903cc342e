using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using TokenExchange.Jose;
using TokenExchange.Observe;

namespace TokenExchange.Issuers;

/// <summary>
/// The keys of one issuer. A fetched set replaces the whole old one, so that a key removed at the source stops working;
/// in an outage the last good set serves for an hour, and after that every token is refused.
/// </summary>
/// <remarks>RFC 7517 §5; RFC 8414 §2 (<c>jwks_uri</c>).</remarks>
public sealed partial class IssuerKeys : IDisposable
{
    /// <summary>The longest time between two fetches while there are no keys; by default also the least between two that tokens ask for.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly FetchPause WithoutKeys = new(TimeSpan.FromSeconds(1), Interval);

    private readonly AuthorizationServerSettings settings;
    private readonly IssuerMetadataSource metadata;
    private readonly IssuerDocument documents;
    private readonly TimeProvider clock;
    private readonly ILogger<IssuerKeys> log;
    private readonly FetchGate gate;
    private readonly CancellationTokenSource disposal = new();
    private readonly Lock starting = new();
    private readonly TimeSpan goodFor;
    private readonly ITimer retry;
    private volatile Snapshot? current;
    private volatile IssuerProblem? problem;
    private ITimer? timer;
    private DateTimeOffset? startedAt;
    private DateTimeOffset? failingSince;
    private DateTimeOffset? retryAt;
    private int failures;

    internal IssuerKeys(AuthorizationServerSettings settings, IssuerMetadataSource metadata, HttpMessageInvoker http, TimeProvider clock, ILogger<IssuerKeys> log)
    {
        this.settings = settings;
        this.metadata = metadata;
        this.clock = clock;
        this.log = log;
        documents = new IssuerDocument(settings, http, clock);
        gate = new FetchGate(clock, new FetchPause(settings.UnknownKeyPause, settings.UnknownKeyPause), FetchAsync);
        retry = clock.CreateTimer(_ => gate.Scheduled(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // A set that is refreshed less often than hourly must outlive one failed refresh, too.
        goodFor = settings.KeyRefresh * 2 > Hour ? settings.KeyRefresh * 2 : Hour;
    }

    /// <summary>Whether a key set was fetched at least once, is still good, and holds a key that can verify anything.</summary>
    public bool Available => current is { VerifiesSomething: true } snapshot && IsGood(snapshot);

    /// <summary>Whether a key set was fetched and is still good, whatever it holds.</summary>
    public bool Fetched => IsGood(current);

    /// <summary>Whether the set holds a key that verifies a token of one of these algorithms.</summary>
    public bool CanVerify(ImmutableArray<string> algorithms) => current is { } snapshot && IsGood(snapshot) && snapshot.Keys.VerifiesSomething(algorithms);

    /// <summary>Why the last fetch gave no key set that can be used; null when it did.</summary>
    public IssuerProblem? Problem => problem;

    /// <summary>When the last good key set was fetched; null before the first.</summary>
    public DateTimeOffset? FetchedAt => current?.Fetched.Time;

    /// <summary>When the key set came to be what it is; null before the first.</summary>
    public DateTimeOffset? ChangedAt => current?.ChangedAt;

    /// <summary>When the fetches began that have failed one after the other since; null when the last one succeeded.</summary>
    public DateTimeOffset? FailingSince
    {
        get
        {
            lock (starting)
            {
                return failingSince;
            }
        }
    }

    /// <summary>When the keys are fetched the next time by the clock; a token may hurry it. Null before <see cref="AuthorizationServer.StartAsync"/>.</summary>
    public DateTimeOffset? NextFetch
    {
        get
        {
            lock (starting)
            {
                if (startedAt is not { } from || disposal.IsCancellationRequested)
                {
                    return null;
                }

                var passed = (clock.GetUtcNow() - from).Ticks / settings.KeyRefresh.Ticks;
                var regular = from + (settings.KeyRefresh * (passed + 1));
                return retryAt is { } sooner && sooner < regular ? sooner : regular;
            }
        }
    }

    /// <summary>Changes whenever the key set does; what was verified under another number must be verified anew.</summary>
    public int Generation => current?.Generation ?? 0;

    /// <summary>The fetch under way, if any: what a test waits for after it moved the clock.</summary>
    internal Task Fetching => gate.Running;

    /// <summary>Whether the set of that generation still is the set, and good.</summary>
    internal bool IsCurrent(int generation)
    {
        var snapshot = current;
        RefreshWhenDue(snapshot);
        return snapshot?.Generation == generation && IsGood(snapshot);
    }

    /// <summary>Finds the key that the header of a token names, and fetches the set when that may help and is allowed.</summary>
    internal ValueTask<KeyLookup> FindAsync(string? kid, string algorithm, CancellationToken cancellationToken)
    {
        if (kid is null)
        {
            return new(KeyLookup.Unknown);
        }

        var snapshot = current;
        RefreshWhenDue(snapshot);
        if (IsGood(snapshot) && snapshot!.Keys.Knows(kid))
        {
            return new(Lookup(snapshot, kid, algorithm));
        }

        return gate.OnDemand() is { } fetch
            ? FindAfterAsync(fetch, kid, algorithm, cancellationToken)
            : new(Lookup(current, kid, algorithm));
    }

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        lock (starting)
        {
            // A server that survives a reload is started again.
            if (timer is not null || disposal.IsCancellationRequested)
            {
                return;
            }

            startedAt = clock.GetUtcNow();
            timer = clock.CreateTimer(_ => gate.Scheduled(), null, settings.KeyRefresh, settings.KeyRefresh);
        }

        await gate.Scheduled().WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Not under the lock, which what is cancelled may want. There is nothing in the source to dispose, and a fetch may ask it still.
        disposal.Cancel();
        lock (starting)
        {
            timer?.Dispose();
            retry.Dispose();
        }
    }

    private async ValueTask<KeyLookup> FindAfterAsync(Task<bool> fetch, string kid, string algorithm, CancellationToken cancellationToken)
    {
        await fetch.WaitAsync(cancellationToken);
        return Lookup(current, kid, algorithm);
    }

    private KeyLookup Lookup(Snapshot? snapshot, string kid, string algorithm)
    {
        if (snapshot is null || !IsGood(snapshot))
        {
            return KeyLookup.Unavailable(problem?.Cause);
        }

        if (!snapshot.Keys.Knows(kid))
        {
            return KeyLookup.Unknown;
        }

        return snapshot.Keys.Find(kid, algorithm) is { } key ? new KeyLookup(key, null, snapshot.Generation) : KeyLookup.NotForSigning;
    }

    private bool IsGood(Snapshot? snapshot) => snapshot is not null && snapshot.Fetched.Age(clock) < goodFor;

    // Not waited for: while the issuer is slow or away, requests go on with the last good set.
    private void RefreshWhenDue(Snapshot? snapshot)
    {
        if (snapshot is not null && snapshot.Fetched.Age(clock) >= settings.KeyRefresh)
        {
            _ = gate.OnDemand();
        }
    }

    private async Task<bool> FetchAsync()
    {
        if (disposal.IsCancellationRequested)
        {
            return false;
        }

        using var activity = TokenExchangeTelemetry.Source.StartActivity("token_exchange.jwks.fetch");
        var fetched = false;
        try
        {
            fetched = await ReplaceAsync();
        }
        catch (Exception bug)
        {
            Fail(new IssuerProblem(null, bug.GetType().Name));
        }

        TokenExchangeTelemetry.JwksFetched(settings.Name, fetched);
        failures = fetched ? 0 : failures + 1;
        if (!fetched)
        {
            activity?.SetStatus(ActivityStatusCode.Error);
        }

        Schedule(fetched);
        return fetched;
    }

    // While there is no key to verify anything with, everybody is refused, and no token is allowed to hurry the next
    // fetch: so the clock asks again, soon at first.
    private void Schedule(bool fetched)
    {
        lock (starting)
        {
            failingSince = fetched ? null : failingSince ?? clock.GetUtcNow();
            retryAt = null;
            if (!fetched && !Available && !disposal.IsCancellationRequested)
            {
                var pause = WithoutKeys.After(failures);
                retryAt = clock.GetUtcNow() + pause;
                retry.Change(pause, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task<bool> ReplaceAsync()
    {
        if (settings.JwksUrl is not null)
        {
            // The keys do not wait for it, but its endpoints may have moved as well.
            metadata.RefreshKnown();
        }

        if ((settings.JwksUrl ?? (await metadata.RefreshAsync())?.JwksUri) is not { } address)
        {
            return Fail(metadata.Problem ?? new IssuerProblem(null, IssuerProblem.NoKeysNamed));
        }

        var (document, unfetched) = await documents.FetchAsync(address, IssuerDocument.KeySet, disposal.Token);
        if (document is null)
        {
            return Fail(unfetched!);
        }

        if (!Replace(document))
        {
            return Fail(new IssuerProblem(address, IssuerProblem.NoKeySet));
        }

        if (current!.VerifiesSomething)
        {
            problem = null;
            KeysFetched(settings.Name, Generation);
            return true;
        }

        // It is what the issuer says now, and counts: whatever was removed stops working. But nobody can be verified.
        return Fail(new IssuerProblem(address, IssuerProblem.NoUsableKey));
    }

    private bool Fail(IssuerProblem found)
    {
        problem = found;
        if (disposal.IsCancellationRequested)
        {
            // The connections were taken away under it, which is no outage.
            return false;
        }

        // An address that the issuer's own metadata names is somebody else's text.
        KeyFetchFailed(settings.Name, settings.JwksUrl is not null || found == metadata.Problem ? found.ToString() : found.Cause);
        return false;
    }

    // Only the gate's one fetch at a time comes here.
    private bool Replace(byte[] document)
    {
        var digest = SHA256.HashData(document);
        var previous = current;
        if (previous is not null && digest.AsSpan().SequenceEqual(previous.Digest))
        {
            current = previous with { Fetched = Moment.Now(clock) };
            return true;
        }

        if (KeySet.Read(document) is not { } keys)
        {
            return false;
        }

        current = new Snapshot(keys, keys.VerifiesSomething(default), digest, Moment.Now(clock), clock.GetUtcNow(), Generation + 1);
        return true;
    }

    [LoggerMessage(2101, LogLevel.Debug, "Keys of {AuthorizationServer} fetched, generation {Generation}", EventName = "IssuerKeysFetched")]
    private partial void KeysFetched(string authorizationServer, int generation);

    [LoggerMessage(2102, LogLevel.Warning, "Keys of {AuthorizationServer} could not be fetched: {Cause} (docs/troubleshooting.md#keys_unavailable)", EventName = "IssuerKeysNotFetched")]
    private partial void KeyFetchFailed(string authorizationServer, string cause);

    private sealed record Snapshot(KeySet Keys, bool VerifiesSomething, byte[] Digest, Moment Fetched, DateTimeOffset ChangedAt, int Generation);
}

/// <summary>The outcome of looking for a key: the key, or why there is none.</summary>
internal sealed record KeyLookup(VerificationKey? Key, TokenRefusal? Refusal, int Generation)
{
    public static KeyLookup Unknown { get; } = new(null, TokenRefusal.KidUnknown, 0);

    public static KeyLookup NotForSigning { get; } = new(null, TokenRefusal.KeyNotForSigning, 0);

    /// <summary>In which way the keys were not to be had; null where they were, or nobody knows.</summary>
    public string? Outage { get; private init; }

    public static KeyLookup Unavailable(string? cause) => new(null, TokenRefusal.KeysUnavailable, 0) { Outage = cause };
}
