using System.Diagnostics;

namespace Gateway.Benchmarks.Load;

/// <summary>Drives lanes from one thread of its own, and says what each saw.</summary>
internal static class PacedLoad
{
    public static Task<Round[]> RunAsync(TimeSpan duration, params Lane[] lanes) =>
        RunToTheEndAsync(duration, TimeSpan.Zero, lanes);

    /// <summary>The same, and then waits for the answers that are still owed, so long at most.</summary>
    public static Task<Round[]> RunToTheEndAsync(TimeSpan duration, TimeSpan patience, params Lane[] lanes) =>
        Task.Factory.StartNew(() => Run(duration, patience, lanes), TaskCreationOptions.LongRunning);

    private static Round[] Run(TimeSpan duration, TimeSpan patience, Lane[] lanes)
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

            Receive(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until));
        }

        while (Stopwatch.GetElapsedTime(end) < patience && lanes.Any(lane => lane.Open > 0))
        {
            Receive(TimeSpan.FromMilliseconds(1));
            foreach (var lane in lanes)
            {
                lane.SendDue();
            }
        }

        return [.. lanes.Select(lane => lane.End())];

        void Receive(TimeSpan atMost)
        {
            readiness.Wait(atMost);
            for (var i = 0; i < links.Length; i++)
            {
                if (readiness[i])
                {
                    links[i].Lane.Receive(links[i].Link);
                    readiness.Watch(i, links[i].Link.Socket);
                }
            }
        }
    }
}
