using System.Threading.Channels;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke.Shared;

/// <summary>
/// Keeps this replica in step with the shared state: puts in force what others have revoked, writes what could not be
/// written, puts back what the state has lost, and knows how long ago it was heard of.
/// </summary>
internal sealed class StateFeed(
    RedisConnection connection, RedisState state, SharedLog shared, Revocations revocations, Revoker revoker, StateHealth health, TimeProvider clock, ILogger<StateFeed> log) : BackgroundService
{
    /// <summary>How often the log is looked at without a hint.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1), LookAtServerEvery = TimeSpan.FromSeconds(15);

    /// <summary>How often everything is read anew: entries that nobody holds any more, as those sealed by a former key, are found when they are over.</summary>
    private static readonly TimeSpan ReadAllEvery = TimeSpan.FromHours(1);

    private readonly LogReader reader = new(state, revocations, clock);
    private readonly SemaphoreSlim turn = new(1);
    private RevocationKeys? keys;
    private long sweptAt = clock.GetTimestamp();
    private long readAllAt = clock.GetTimestamp();
    private long serverAt;

    // Why it could not be asked since it was heard of: what is behind an outage may show after its first moment.
    private readonly HashSet<string> told = [];

    /// <summary>Looks once; true when the state was heard of.</summary>
    internal async Task<bool> PollAsync()
    {
        await turn.WaitAsync();
        try
        {
            var asked = clock.GetTimestamp();
            await FollowAsync();
            revocations.Freshness!.Heard(asked);
            health.Trouble = null;
            if (told.Count > 0)
            {
                told.Clear();
                log.StateHeard();
            }

            return true;
        }
        catch (StateException failure)
        {
            serverAt = 0;
            health.Trouble = new StateTrouble(failure.Message, health.Trouble?.Since ?? clock.GetUtcNow());
            if (told.Add(failure.Message))
            {
                log.StateLost(failure.Message);
            }

            return false;
        }
        finally
        {
            turn.Release();
        }
    }

    public override void Dispose()
    {
        turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        connection.Hinted = () => signals.Writer.TryWrite(true);
        using var timer = clock.CreateTimer(_ => signals.Writer.TryWrite(true), null, TimeSpan.Zero, Interval);
        try
        {
            await foreach (var _ in signals.Reader.ReadAllAsync(stoppingToken))
            {
                await LookAsync();
            }
        }
        catch (OperationCanceledException)
        {
            if (shared.Pending > 0)
            {
                // The last that this process can do for them.
                await LookAsync();
            }
        }
    }

    /// <summary>Looks once, and fails never: a look that was cancelled from within is a fault like any other, and no end of the feed.</summary>
    private async Task LookAsync()
    {
        try
        {
            await PollAsync();
        }
        catch (Exception bug)
        {
            log.FeedFailed(bug);
        }
    }

    private async Task FollowAsync()
    {
        if (!ReferenceEquals(keys, revocations.Keys))
        {
            // What could not be read before may be readable now.
            keys = revocations.Keys;
            reader.StartOver();
        }

        if (clock.GetElapsedTime(readAllAt) >= ReadAllEvery)
        {
            reader.StartOver();
        }

        if (serverAt == 0 || clock.GetElapsedTime(serverAt) >= LookAtServerEvery)
        {
            health.Eviction = (await state.InfoAsync("memory")).GetValueOrDefault("maxmemory_policy");
            serverAt = Math.Max(1, clock.GetTimestamp());
        }

        var first = !revocations.Freshness!.IsComplete;
        var written = shared.Unconfirmed;
        var reading = await reader.ReadAsync();
        shared.Confirm(written, reading.Sound.Concat(reader.Found), revocations.Keys);
        health.Ignore(reading.Ignored);
        await revoker.LearnAsync(reading.Sound, quietly: first);
        shared.Remove(reading.Over);
        if (reading.Whole)
        {
            readAllAt = clock.GetTimestamp();
            PutBack(reading.Sound);
        }

        if (clock.GetElapsedTime(sweptAt) >= SweepEvery)
        {
            sweptAt = clock.GetTimestamp();
            shared.Remove(revocations.Sweep());
        }

        await shared.CatchUpAsync(revocations.Needs);
    }

    /// <summary>What is in force here and the state lacks, and what it has under an old key alone.</summary>
    private void PutBack(IReadOnlyList<Revocation> there)
    {
        revocations.UseKeys(revocations.Keys);
        var seals = there.Select(entry => Convert.ToBase64String(entry.Bytes.AsSpan(^32..))).ToHashSet(StringComparer.Ordinal);
        var lacking = revocations.All().Where(revocation => !seals.Contains(Convert.ToBase64String(revocation.Bytes.AsSpan(^32..)))).ToArray();
        if (lacking.Length > 0)
        {
            log.PutBack(lacking.Length);
            shared.WriteLater(lacking);
        }
    }
}

/// <summary>What is known of the shared state besides what it holds.</summary>
internal sealed class StateHealth(StateFreshness freshness)
{
    /// <summary>The only policy that forgets nothing by itself.</summary>
    public const string KeepsAll = "noeviction";

    private long ignored;
    private volatile StateTrouble? trouble;

    /// <summary>What the server does when its memory is full; null when it does not say.</summary>
    public string? Eviction { get; set; }

    /// <summary>Whether the server may forget what it holds.</summary>
    public bool MayForget => Eviction is { } policy && policy != KeepsAll;

    /// <summary>Whether requests should be sent here.</summary>
    public bool IsReady => !freshness.IsStale && !MayForget;

    /// <summary>Ready, but for longer without news than it should be.</summary>
    public bool IsOld => freshness.IsOld;

    /// <summary>Why the state could not be asked the last time; null when it could.</summary>
    public StateTrouble? Trouble
    {
        get => trouble;
        set => trouble = value;
    }

    public TimeSpan Staleness => freshness.Age;

    /// <summary>Whether everything was read once.</summary>
    public bool IsComplete => freshness.IsComplete;

    /// <summary>How many entries were there that nobody with a key has made.</summary>
    public long Ignored => Interlocked.Read(ref ignored);

    public void Ignore(int entries) => Interlocked.Add(ref ignored, entries);
}

/// <summary>Why the shared state cannot be asked, and since when.</summary>
internal sealed record StateTrouble(string Cause, DateTimeOffset Since);

internal static partial class StateFeedEvents
{
    [LoggerMessage(1122, LogLevel.Error, "The shared state cannot be asked: {Reason}", EventName = "StateLost")]
    public static partial void StateLost(this ILogger logger, string reason);

    [LoggerMessage(1123, LogLevel.Information, "The shared state was heard of", EventName = "StateHeard")]
    public static partial void StateHeard(this ILogger logger);

    [LoggerMessage(1124, LogLevel.Warning, "{Count} revocations that are in force were not in the shared state, and are written back", EventName = "RevocationsPutBack")]
    public static partial void PutBack(this ILogger logger, int count);

    [LoggerMessage(1125, LogLevel.Error, "What the shared state says could not be followed", EventName = "StateFeedFailed")]
    public static partial void FeedFailed(this ILogger logger, Exception exception);
}
