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

    private static (double Idle, double All) Read()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        const int Idle = 3, WaitingForDisk = 4;
        return (ticks[Idle] + ticks[WaitingForDisk], ticks.Sum());
    }
}
