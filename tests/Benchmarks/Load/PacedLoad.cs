using System.Diagnostics;

namespace Gateway.Benchmarks.Load;

/// <summary>Drives lanes from one thread of its own, and says what each saw.</summary>
internal static class PacedLoad
{
    public static Task<Round[]> RunAsync(TimeSpan duration, params Lane[] lanes) =>
        Task.Factory.StartNew(() => Run(duration, lanes), TaskCreationOptions.LongRunning);

    private static Round[] Run(TimeSpan duration, Lane[] lanes)
    {
        var links = lanes.SelectMany(lane => lane.Links.Select(link => (Lane: lane, Link: link))).ToArray();
        var readiness = new Readiness([.. links.Select(link => link.Link.Socket)]);
        var begin = Stopwatch.GetTimestamp();
        foreach (var lane in lanes)
        {
            lane.Begin(begin);
        }

        var end = begin + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        for (var now = begin; now < end; now = Stopwatch.GetTimestamp())
        {
            var until = end;
            foreach (var lane in lanes)
            {
                lane.Send(now);
                until = Math.Min(until, lane.NextDue);
            }

            readiness.Wait(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until));
            for (var i = 0; i < links.Length; i++)
            {
                if (readiness[i])
                {
                    links[i].Lane.Receive(links[i].Link);
                }
            }
        }

        return [.. lanes.Select(lane => lane.End())];
    }
}
