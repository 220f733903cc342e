using System.Diagnostics.Metrics;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;

namespace Gateway.Observe;

/// <summary>
/// The meter <c>Gateway</c>. The values of its tags come from the configuration and from fixed texts, never from a
/// caller: a server's id, an outcome, a reason.
/// </summary>
internal sealed class GatewayMetrics
{
    public const string MeterName = "Gateway";

    private const string Server = "server";
    private const string Outcome = "outcome";
    private const string Reason = "reason";
    private const string StatusClass = "status_class";
    private static readonly string[] StatusClasses = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

    /// <summary>Stands for a server or a reason that does not exist.</summary>
    private const string None = "-";

    private readonly TimeProvider clock;
    private readonly Counter<long> requests;
    private readonly Histogram<double> overhead;
    private readonly UpDownCounter<long> streams;
    private readonly Counter<long> answers;
    private readonly Counter<long> reloads;
    private readonly Counter<long> auditDropped;
    private readonly Counter<long> revocations;
    private readonly Counter<long> securityEvents;
    private readonly Histogram<double> policy;
    private long generation;
    private readonly Meter meter;
    private Func<IEnumerable<Measurement<double>>> keyAges = static () => [];
    private Func<long> bodiesHeld = static () => 0;

    public GatewayMetrics(IMeterFactory meters, TimeProvider clock)
    {
        this.clock = clock;
        meter = meters.Create(MeterName);
        requests = meter.CreateCounter<long>("gateway.requests", "{request}", "Requests, by what became of them.");
        overhead = meter.CreateHistogram(
            "gateway.request.overhead",
            "s",
            "Time of a request that was not spent waiting for the MCP server.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });
        streams = meter.CreateUpDownCounter<long>("gateway.streams.active", "{stream}", "Event streams that are open.");
        answers = meter.CreateCounter<long>("gateway.upstream.responses", "{response}", "Answers of MCP servers, by the class of their status.");
        reloads = meter.CreateCounter<long>("gateway.config.reloads", "{reload}", "Changes of the configuration that were seen, by outcome.");
        auditDropped = meter.CreateCounter<long>("gateway.audit.dropped", "{event}", "Audit events that are not in the audit file.");
        revocations = meter.CreateCounter<long>("gateway.revocations", "{revocation}", "Revocations carried out here, by who asked for them.");
        securityEvents = meter.CreateCounter<long>("gateway.security_events", "{event}", "Security events accepted here, by what they say; 'other' when they mean nothing here.");
        policy = meter.CreateHistogram(
            "gateway.policy.duration",
            "s",
            "Time until a policy decision point had answered, by what it said.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });

        // Not "By": Prometheus would have it as gateway_body_bytes_held_bytes.
        meter.CreateObservableUpDownCounter("gateway.body.bytes_held", () => bodiesHeld(), "{byte}", "Bytes of request bodies that are held in memory.");
        meter.CreateObservableGauge("gateway.keys.age", () => keyAges(), "s", "Time since the keys of an authorization server were fetched, or since they could not be for the first time.");
        meter.CreateObservableGauge("gateway.config.generation", () => Volatile.Read(ref generation), "{generation}", "The generation of the configuration that is served.");
    }

    /// <summary>Bounds of histograms in seconds: fine where a proxy's overhead lies, coarse up to a slow authorization server.</summary>
    public static double[] Buckets { get; } = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Shows at zero what alerts wait for: an increase from nothing to one is none. Call when everybody listens.</summary>
    public void Announce()
    {
        reloads.Add(0, new KeyValuePair<string, object?>(Outcome, "applied"));
        reloads.Add(0, new KeyValuePair<string, object?>(Outcome, "refused"));
        auditDropped.Add(0);
    }

    /// <summary>Counts a request and its overhead; call once, when its outcome is known. Says how long that took.</summary>
    public TimeSpan Completed(RequestRecord record)
    {
        var server = record.Server ?? None;
        requests.Add(
            1,
            new(Server, server),
            new(Outcome, record.Allowed ? "allowed" : "refused"),
            new(Reason, record.Reason ?? None));
        var elapsed = clock.GetElapsedTime(record.Started);
        overhead.Record(Math.Max(0, (elapsed - record.McpServerTime).TotalSeconds), new KeyValuePair<string, object?>(Server, server));
        return elapsed;
    }

    /// <summary>Counts an answer of an MCP server, whatever becomes of it.</summary>
    public void Answered(string server, int status) =>
        answers.Add(1, new(Server, server), new(StatusClass, StatusClasses[status is >= 100 and <= 599 ? status / 100 : 0]));

    public void StreamOpened(string server) => streams.Add(1, new KeyValuePair<string, object?>(Server, server));

    public void StreamClosed(string server) => streams.Add(-1, new KeyValuePair<string, object?>(Server, server));

    /// <summary>Counts a question to a policy decision point: allowed, denied, filtered (a list) or unavailable.</summary>
    public void PolicyAsked(string server, string outcome, TimeSpan elapsed) => policy.Record(elapsed.TotalSeconds, new(Server, server), new(Outcome, outcome));

    /// <summary>Says where to look for the bytes of bodies that are held.</summary>
    public void WatchBodies(Func<long> held) => bodiesHeld = held;

    /// <summary>Says where to look for how the shared state is; to be called once, and only where state is shared.</summary>
    public void WatchState(Func<TimeSpan> staleness, Func<long> ignored)
    {
        meter.CreateObservableGauge("gateway.state.staleness", () => staleness().TotalSeconds, "s", "Time since the shared state was heard of.");
        meter.CreateObservableCounter("gateway.state.ignored", ignored, "{entry}", "Entries of the shared state that nobody with a key has made.");
    }

    /// <summary>Says where to look for the authorization servers whose keys have an age.</summary>
    public void Watch(Func<IEnumerable<AuthorizationServer>> servers) => keyAges = () =>
    {
        var now = clock.GetUtcNow();
        return from server in servers()
               let since = server.Keys.FetchedAt ?? server.Keys.FailingSince
               where since is not null
               select new Measurement<double>((now - since.Value).TotalSeconds, new KeyValuePair<string, object?>("authorization_server", server.Settings.Name));
    };

    /// <summary>Says which generation is served from now on.</summary>
    public void Generation(long number) => Volatile.Write(ref generation, number);

    /// <summary>Counts a change of the configuration: applied, or refused with the old one kept.</summary>
    public void Reloaded(bool applied) => reloads.Add(1, new KeyValuePair<string, object?>(Outcome, applied ? "applied" : "refused"));

    /// <summary>Counts a revocation that was carried out.</summary>
    public void Revoked(RevocationSource source) => revocations.Add(1, new KeyValuePair<string, object?>("source", RevocationRecord.NameOf(source)));

    /// <summary>Counts a security event that was accepted.</summary>
    public void SecurityEvent(string authorizationServer, string name) => securityEvents.Add(1, new("authorization_server", authorizationServer), new("event", name));

    /// <summary>Counts events that did not reach the audit file.</summary>
    public void AuditDropped(int count) => auditDropped.Add(count);
}
