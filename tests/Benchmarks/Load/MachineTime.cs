using System.Globalization;

namespace Gateway.Benchmarks.Load;

/// <summary>How busy the whole machine has been since this was made: contenders, backend and load together.</summary>
/// <remarks>proc_stat(5); Linux.</remarks>
internal sealed class MachineTime
{
    private readonly (double Idle, double All) begin = Read();

    /// <summary>The share of all processors' time that was not idle, 0 to 1.</summary>
    public double Busy()
    {
        var end = Read();
        return 1 - ((end.Idle - begin.Idle) / (end.All - begin.All));
    }

    /// <summary>
    /// The rate of a load with which the machine is as busy as that, 0 to 1: approached from a rate at which it is surely less so,
    /// since what a call costs depends on how busy it is.
    /// </summary>
    /// <param name="share">How busy.</param>
    /// <param name="rate">The rate to begin with.</param>
    /// <param name="steps">How often it is corrected.</param>
    /// <param name="prepare">Prepares a load of that rate; what it returns is the load itself, for a while, and is what is timed.</param>
    public static async Task<double> RateThatKeepsBusyAsync(double share, double rate, int steps, Func<double, Func<Task>> prepare)
    {
        for (var step = 0; step < steps; step++)
        {
            var load = prepare(rate);
            var time = new MachineTime();
            await load();
            rate *= Math.Clamp(share / time.Busy(), 0.5, 1.7);
        }

        return rate;
    }

    private static (double Idle, double All) Read()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        const int Idle = 3, WaitingForDisk = 4;
        return (ticks[Idle] + ticks[WaitingForDisk], ticks.Sum());
    }
}
