using System.Diagnostics;
using System.Globalization;
using Gateway.Benchmarks.Compare;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Soak;

/// <summary>What a process holds, read every few seconds; what counts is how the last quarter of the time differs from the first.</summary>
/// <param name="process">Which one.</param>
/// <param name="settling">How long it may grow at first: until its caches are full and its code is compiled.</param>
/// <param name="end">When the time is over.</param>
internal sealed class Readings(PeerProcess process, TimeSpan settling, TimeSpan end)
{
    private readonly List<(TimeSpan At, Reading Reading)> all = [];
    private readonly long begin = Stopwatch.GetTimestamp();

    public Reading Latest => all[^1].Reading;

    /// <summary>After what may grow at first.</summary>
    public Reading First => Between(settling, settling + Quarter);

    public Reading Last => Between(end - Quarter, end);

    private TimeSpan Quarter => (end - settling) / 4;

    public async Task RunAsync(CancellationToken cancellation)
    {
        // 360 in an hour, and not fewer than a few dozen in a short trial.
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Min(10, end.TotalSeconds / 60)));
        do
        {
            all.Add((Stopwatch.GetElapsedTime(begin), new Reading(process.ResidentMiB(), Count("fd"), Count("task"))));
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private int Count(string folder) => Directory.GetFileSystemEntries($"/proc/{process.Id}/{folder}").Length;

    private Reading Between(TimeSpan from, TimeSpan until)
    {
        var chosen = all.Where(reading => reading.At >= from && reading.At <= until).Select(reading => reading.Reading).ToArray();
        return new(chosen.Select(reading => reading.Resident).Median(), chosen.Select(reading => reading.Handles).Median(), chosen.Select(reading => reading.Threads).Median());
    }
}

/// <summary>Resident memory in MiB, open handles, threads.</summary>
internal sealed record Reading(double Resident, double Handles, double Threads)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Resident,6:F1} MiB {Handles,5:F0} handles {Threads,4:F0} threads");
}
