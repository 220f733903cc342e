using System.Globalization;

namespace Gateway.Benchmarks.Profile;

/// <summary>Tables of a profile, in microseconds per request: by area of code, by the gateway's own methods, by leaf.</summary>
internal static class ProfileReport
{
    private const int Rows = 45;

    public static void Write(TextWriter to, CpuProfile yarp, CpuProfile gateway)
    {
        Line(to, $"\nwarm request, µs of CPU: bare YARP {yarp.MicrosPerRequest:F1}, gateway {gateway.MicrosPerRequest:F1} ({yarp.Stacks.Count} and {gateway.Stacks.Count} samples)");
        Compare(to, "by whose code asked for it", yarp, gateway, stack => [Area.Of(stack)]);
        Compare(to, "the gateway's methods, with all they call", yarp, gateway, stack => stack.Where(IsOwn).Select(frame => frame.Method));
        Compare(to, "the gateway's methods, with what they call of others", yarp, gateway, stack => stack.Where(IsOwn).Take(1).Select(frame => frame.Method));
        Compare(to, "by the method that ran, the kernel as one", yarp, gateway, stack => [stack[0].IsKernel ? "kernel" : stack[0].IsManaged ? stack[0].Method : $"{stack[0].Method} ({stack[0].Library})"]);
        Compare(to, "what the gateway has more of, with all it calls", yarp, gateway, stack => stack.Where(frame => frame.IsManaged && !IsOwn(frame)).Select(frame => frame.Method), byDifference: true);
    }

    private static bool IsOwn(Frame frame) => frame.Assembly is "gateway" or "TokenExchange";

    private static void Compare(TextWriter to, string title, CpuProfile yarp, CpuProfile gateway, Func<IReadOnlyList<Frame>, IEnumerable<string>> keys, bool byDifference = false)
    {
        var (of, with) = (yarp.Micros(keys), gateway.Micros(keys));
        Line(to, $"\n{title}\n{"bare YARP",10}{"gateway",10}{"more",8}");
        foreach (var key in of.Keys.Union(with.Keys).OrderByDescending(key => with.GetValueOrDefault(key) - (byDifference ? of.GetValueOrDefault(key) : 0)).Take(Rows))
        {
            var (before, after) = (of.GetValueOrDefault(key), with.GetValueOrDefault(key));
            Line(to, $"{before,10:F2}{after,10:F2}{after - before,8:F2}  {key}");
        }
    }

    private static void Line(TextWriter to, FormattableString text) => to.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
