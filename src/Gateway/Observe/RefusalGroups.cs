using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Gateway.Observe;

/// <summary>
/// What was refused, or ended badly, by kind: how often, since when, and the last few of each kind, so that one kind that
/// comes in masses hides no other. Kinds are made of configured names and fixed texts; there are at most as many as asked for,
/// and the one that was seen longest ago gives way.
/// </summary>
internal sealed class RefusalGroups(int most = 512, int examples = 8)
{
    private readonly ConcurrentDictionary<RefusalKind, RefusalGroup> groups = new();
    private readonly Lock making = new();
    private long number;

    /// <summary>Remembers a request that was refused or ended badly; anything else is ignored.</summary>
    public void Add(RequestRecord record, in Credentials credentials = default)
    {
        if (record.Reason is not { } reason)
        {
            return;
        }

        var kind = new RefusalKind(reason, record.Server, record.Issuer, record.Status);
        var group = groups.TryGetValue(kind, out var known) ? known : Make(kind);
        group.Add(RefusedRequest.Of(Interlocked.Increment(ref number), record, credentials));
    }

    /// <summary>What is remembered, as of <paramref name="now"/>.</summary>
    public ImmutableArray<RefusalView> View(DateTimeOffset now) => [.. groups.Select(pair => pair.Value.View(pair.Key, now))];

    private RefusalGroup Make(RefusalKind kind)
    {
        lock (making)
        {
            if (!groups.ContainsKey(kind) && groups.Count >= most)
            {
                groups.TryRemove(groups.MinBy(pair => pair.Value.Last).Key, out _);
            }

            return groups.GetOrAdd(kind, static (_, examples) => new RefusalGroup(examples), examples);
        }
    }
}

/// <summary>What tells refusals apart. <paramref name="Issuer"/> is one whose signature was verified; null before that.</summary>
internal readonly record struct RefusalKind(string Reason, string? Server, string? Issuer, int Status);

/// <summary>The refusals of one kind.</summary>
internal sealed class RefusalGroup(int examples)
{
    /// <summary>The last quarter of an hour counts as recent, told in parts of a minute.</summary>
    public const int RecentMinutes = 15;

    private readonly Lock gate = new();
    private readonly RefusedRequest?[] ring = new RefusedRequest?[examples];
    private readonly int[] recent = new int[RecentMinutes];
    private long minute = -1;
    private long count;
    private DateTimeOffset first;

    /// <summary>When the last one came.</summary>
    public DateTimeOffset Last { get; private set; }

    public void Add(RefusedRequest request)
    {
        lock (gate)
        {
            if (count == 0)
            {
                first = request.Time;
            }

            ring[count % ring.Length] = request;
            count++;
            Last = request.Time > Last ? request.Time : Last;
            Turn(request.Time);
            recent[minute % RecentMinutes]++;
        }
    }

    public RefusalView View(RefusalKind kind, DateTimeOffset now)
    {
        lock (gate)
        {
            Turn(now);
            return new RefusalView(kind, count, recent.Sum(), first, Last, [.. ring.OfType<RefusedRequest>().OrderByDescending(request => request.Number)]);
        }
    }

    private void Turn(DateTimeOffset now)
    {
        var current = now.ToUnixTimeSeconds() / 60;
        if (current - minute >= RecentMinutes)
        {
            Array.Clear(recent);
            minute = current;
        }

        while (minute < current)
        {
            recent[++minute % RecentMinutes] = 0;
        }
    }
}

/// <summary>One kind of refusal.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Count">How many since the first one that is remembered.</param>
/// <param name="Recent">How many in the last <see cref="RefusalGroup.RecentMinutes"/> minutes.</param>
/// <param name="First">When the first one came.</param>
/// <param name="Last">When the last one came.</param>
/// <param name="Examples">The last ones, newest first.</param>
internal sealed record RefusalView(RefusalKind Kind, long Count, int Recent, DateTimeOffset First, DateTimeOffset Last, ImmutableArray<RefusedRequest> Examples)
{
    /// <summary>The category of the audit, or how a request that was sent ended.</summary>
    public string Category => Examples is [{ Category: { } category }, ..] ? category : "sent";
}

/// <summary>A request that was refused, with who and what as the audit has them; nothing of a token that was not verified.</summary>
internal sealed record RefusedRequest
{
    /// <summary>Counts up with every one.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string RequestId { get; init; }

    public required RefusalKind Kind { get; init; }

    /// <summary>The category of the audit; null for a request that was sent and ended badly.</summary>
    public string? Category { get; init; }

    public string? Detail { get; init; }

    public string? Subject { get; init; }

    public string? ClientId { get; init; }

    public string? ClientAddress { get; init; }

    public string? Method { get; init; }

    public string? Operation { get; init; }

    public ImmutableArray<string>? Presented { get; init; }

    /// <summary>The audience that would have been right, where the presented one was not.</summary>
    public string? Accepted { get; init; }

    public static RefusedRequest Of(long number, RequestRecord record, in Credentials credentials)
    {
        var audiences = record.PresentedAudience is { IsDefault: false } list ? list : [];
        var presented = ImmutableArray.CreateBuilder<string>(Math.Min(audiences.Length, AuditEvent.MaxItems));
        foreach (var audience in audiences.AsSpan()[..presented.Capacity])
        {
            presented.Add(((ForeignText)audience).Without(credentials)!);
        }

        return new RefusedRequest
        {
            Number = number,
            Time = record.Time,
            RequestId = record.RequestId,
            Kind = new RefusalKind(record.Reason!, record.Server, record.Issuer, record.Status),
            Category = record.Allowed ? null : record.Category,
            Detail = record.Detail is { Length: > AuditEvent.MaxLength } detail ? detail[..AuditEvent.MaxLength] : record.Detail,
            Subject = record.Subject.Without(credentials),
            ClientId = record.ClientId.Without(credentials),
            ClientAddress = record.ClientAddress,
            Method = record.Method.Without(credentials),
            Operation = record.Operation.Without(credentials),
            Presented = record.PresentedAudience is null ? null : presented.ToImmutable(),
            Accepted = record.Reason is "audience_invalid" or "audience_not_single" ? record.Resource : null,
        };
    }
}
