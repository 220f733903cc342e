using System.Globalization;

namespace Gateway.Benchmarks.Profile;

/// <summary>Tables of a profile, in microseconds per request: by area of code, by the gateway's own methods, by leaf.</summary>
internal static class ProfileReport
{
    private const int Rows = 45;

    public static void Write(TextWriter to, string nameBefore, CpuProfile before, string nameAfter, CpuProfile after)
    {
        Line(to, $"\na request, µs of CPU: {nameBefore} {before.MicrosPerRequest:F1}, {nameAfter} {after.MicrosPerRequest:F1} ({before.Stacks.Count} and {after.Stacks.Count} samples)");
        Compare("by whose code it was", stack => [Area.Of(stack)]);
        Compare("the gateway's methods, with all they call", stack => stack.Where(IsOwn).Select(frame => frame.Method));
        Compare("the gateway's methods, with what they call of others", stack => stack.Where(IsOwn).Take(1).Select(frame => frame.Method));
        Compare("by the method that ran, the kernel as one", stack => [stack[0].IsKernel ? "kernel" : stack[0].IsManaged ? stack[0].Method : $"{stack[0].Method} ({stack[0].Library})"]);
        Compare("the kernel's functions, by what there is more of", stack => stack[0].IsKernel ? [stack[0].Method] : [], byDifference: true);
        Compare("what there is more of, with all it calls", stack => stack.Where(frame => frame.IsManaged && !IsOwn(frame)).Select(frame => frame.Method), byDifference: true);

        void Compare(string title, Func<IReadOnlyList<Frame>, IEnumerable<string>> keys, bool byDifference = false)
        {
            var (one, other) = (before.Micros(keys), after.Micros(keys));
            Line(to, $"\n{title}\n{nameBefore,10}{nameAfter,10}{"more",8}");
            foreach (var key in one.Keys.Union(other.Keys).OrderByDescending(key => other.GetValueOrDefault(key) - (byDifference ? one.GetValueOrDefault(key) : 0)).Take(Rows))
            {
                var (was, @is) = (one.GetValueOrDefault(key), other.GetValueOrDefault(key));
                Line(to, $"{was,10:F2}{@is,10:F2}{@is - was,8:F2}  {key}");
            }
        }
    }

    private static bool IsOwn(Frame frame) => frame.Assembly is "gateway" or "TokenExchange";

    private static void Line(TextWriter to, FormattableString text) => to.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
