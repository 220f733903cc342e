using System.Diagnostics;
using System.Globalization;
using Gateway.Benchmarks.Compare;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Soak;

/// <summary>
/// Half load for an hour, with reloads, rotations, outages and slow clients: is any call lost, and does the gateway grow
/// once the first ten minutes have passed? Of a shorter time, a sixth has to pass.
/// </summary>
internal static class SoakRun
{
    private const int Streams = 20;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static async Task<int> RunAsync(Options options)
    {
        using var bed = await TestBed.StartAsync(await options.ProgramsAsync());
        var perSecond = options.Rate ?? await HalfBusyAsync(bed);
        var authorizationServer = new Outage(bed, bed.AnotherBackend("authorization-server"), 503, "exchange_unavailable", TimeSpan.FromSeconds(7));
        var away = new Outage(bed, bed.AnotherBackend("away"), 502, "upstream_unavailable", TimeSpan.FromSeconds(1));
        await authorizationServer.EndAsync();
        await away.EndAsync();

        // Of the local issuer, hop tokens expire before room is needed for others; of the authorization server, others take their room.
        var start = bed.Gateway();
        var configuration = new SoakConfiguration(start, authorizationServer.Url, away.Url, (int)(150 * Callers.ColdOf(perSecond)));
        var gateway = await bed.StartAsync(start);
        var ledger = new Ledger();
        var callers = new Callers(bed.Tokens, ledger, authorizationServer, away, perSecond);
        var disturbances = new Disturbances(bed, gateway, configuration, callers, authorizationServer, away);
        var slow = new SlowClients(gateway.Port, callers.One(SoakConfiguration.Local), callers.One(SoakConfiguration.Local, "/flood"));
        var readings = new Readings(gateway, options.Minutes * Minute / 6, options.Minutes * Minute);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} cores; {perSecond:F0} calls/s for {options.Minutes} minutes, {Callers.ColdOf(perSecond):F0} of them by new callers"));

        using var stop = new CancellationTokenSource();
        Task[] meanwhile =
        [
            ledger.WatchAsync("disturbances", () => disturbances.RunAsync(stop.Token), stop.Token),
            ledger.WatchAsync("slow clients", () => slow.RunAsync(stop.Token), stop.Token),
            ledger.WatchAsync("readings", () => readings.RunAsync(stop.Token), stop.Token),
            StreamAsync(ledger, gateway, callers.One(SoakConfiguration.Local, "/events/100"), TimeSpan.FromSeconds(13), stop.Token),
            StreamAsync(ledger, gateway, callers.Listener(SoakConfiguration.Exchanged), TimeSpan.FromSeconds(37), stop.Token),
        ];
        var minutes = new List<Round[]>();
        await ledger.WatchAsync("calls", () => CallAsync(options.Minutes, gateway, callers, ledger, readings, minutes), CancellationToken.None);
        await stop.CancelAsync();
        await Task.WhenAll(meanwhile);
        return Report(minutes, ledger, readings, disturbances) ? 0 : 1;
    }

    /// <summary>Calls per second with which the whole machine, load and backend included, is half busy.</summary>
    private static async Task<double> HalfBusyAsync(TestBed bed)
    {
        var gateway = await bed.StartGatewayAsync();
        byte[][] call = [CallBytes.Call("/weather", bed.Tokens.One(bed.Tokens.Es256))];
        var rate = await MachineTime.RateThatKeepsBusyAsync(
            0.5, rate: 500, steps: 6, tried => () => PacedLoad.RunAsync(TimeSpan.FromSeconds(5), new Lane(gateway.Port, tried, Wrk.Connections, call)));
        bed.Stop(gateway);
        return rate;
    }

    private static async Task CallAsync(int count, PeerProcess gateway, Callers callers, Ledger ledger, Readings readings, List<Round[]> minutes)
    {
        for (var minute = 1; minute <= count; minute++)
        {
            var rounds = await callers.CallAsync(gateway.Port, Minute);
            minutes.Add(rounds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"minute {minute,2}: {rounds.Sum(round => round.Requests),7} calls, {ledger.Excused,6} refused in outages so far, {ledger.Lost} lost; known callers p50 {rounds[0].P50,5:F0} µs p99 {rounds[0].P99,6:F0} µs; {readings.Latest}"));
        }
    }

    /// <summary>Streams that are read for so long, closed, and opened again; none may end by itself.</summary>
    private static async Task StreamAsync(Ledger ledger, PeerProcess gateway, byte[] request, TimeSpan duration, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await ledger.WatchAsync("streams", async () =>
            {
                using var streams = await EventStreams.OpenAsync(gateway.Port, Streams, request);
                for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < duration && !stop.IsCancellationRequested;)
                {
                    await streams.ReadAsync(TimeSpan.FromSeconds(1));
                }
            }, stop);
        }
    }

    private static bool Report(List<Round[]> minutes, Ledger ledger, Readings readings, Disturbances disturbances)
    {
        Console.WriteLine($"\n{string.Join(", ", disturbances.Done.Select(done => $"{done.Value} {done.Key}"))}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{minutes.Sum(rounds => rounds.Sum(round => round.Requests))} calls, {ledger.Excused} of them refused in outages; medians of all minutes, known callers: local issuer p50 {Median(0, round => round.P50):F0} µs, p99 {Median(0, round => round.P99):F0} µs; authorization server p50 {Median(1, round => round.P50):F0} µs, p99 {Median(1, round => round.P99):F0} µs"));
        var (first, last) = (readings.First, readings.Last);
        Console.WriteLine($"first quarter  {first}\nlast quarter   {last}");
        ledger.Print();
        Goal[] goals =
        [
            new("soak: lost calls", ledger.Lost, 0, ""),
            new("soak: handles, last quarter more than first", last.Handles - first.Handles, 2, ""),
            new("soak: threads, last quarter more than first", last.Threads - first.Threads, 2, ""),
            new("soak: resident memory, of the first quarter's", last.Resident / first.Resident, 1.05, "×"),
        ];
        Console.WriteLine($"\n{"goal",-82}{"at most",13}{"measured",14}  met");
        foreach (var goal in goals)
        {
            Console.WriteLine(goal);
        }

        return goals.All(goal => goal.Measured <= goal.Limit);

        double Median(int lane, Func<Round, double> value) => minutes.Select(rounds => value(rounds[lane])).Median();
    }
}
