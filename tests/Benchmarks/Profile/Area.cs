using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Profile;

/// <summary>
/// Whose code a stack was in. The kernel's part is told by system call, since stacks end where a native library keeps no
/// frame pointer; other native code and the base library are put down to the managed code that asked for them.
/// </summary>
internal static partial class Area
{
    public const string GarbageCollection = "garbage collection, allocation slow path";

    private static readonly (string Prefix, string Area)[] Assemblies =
    [
        ("TokenExchange", "TokenExchange"),
        ("gateway", "Gateway"),
        ("Yarp", "YARP"),
        ("System.IO.Hashing", "YARP"),
        ("Microsoft.AspNetCore.Server.Kestrel", "Kestrel"),
        ("System.IO.Pipelines", "Kestrel"),
        ("Microsoft.AspNetCore.Routing", "routing"),
        ("Microsoft.AspNetCore", "hosting and HTTP abstractions"),
        ("Microsoft.Extensions", "hosting and HTTP abstractions"),
        ("System.Net.Http", "HttpClient"),
        ("System.Net.Sockets", "sockets"),
        ("System.Security.Cryptography", "cryptography"),
        ("Microsoft.IdentityModel", "IdentityModel"),
        ("System.Text.Json", "System.Text.Json"),
        ("System.Diagnostics", "activities and metrics"),
    ];

    public static string Of(IReadOnlyList<Frame> stack)
    {
        if (stack[0].IsKernel)
        {
            return "kernel: " + (stack.Select(frame => SystemCall().Match(frame.Method)).FirstOrDefault(match => match.Success)?.Groups[1].Value ?? "interrupts and faults");
        }

        foreach (var frame in stack)
        {
            if (frame.Library.Contains("libclrgc", StringComparison.Ordinal) || (frame.Library.Contains("coreclr", StringComparison.Ordinal) && (frame.Method.Contains("gc_heap", StringComparison.Ordinal) || frame.Method.Contains("JIT_New", StringComparison.Ordinal))))
            {
                return GarbageCollection;
            }

            if (frame.Assembly is not null && Known(frame) is { } area)
            {
                return area;
            }
        }

        // The base library alone: what the thread pool does for itself. No managed frame: a stack that could not be followed.
        return stack.Any(frame => frame.IsManaged) ? "thread pool and base library alone" : "native: " + stack[0].Library;
    }

    /// <summary>The base library works for whoever called it.</summary>
    private static string? Known(Frame frame)
    {
        foreach (var (prefix, area) in Assemblies)
        {
            if (frame.Assembly!.StartsWith(prefix, StringComparison.Ordinal))
            {
                return area;
            }
        }

        return null;
    }

    [GeneratedRegex("^__(?:x64|arm64)_sys_([a-z0-9_]+)")]
    private static partial Regex SystemCall();
}
