using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Gateway.Benchmarks.Stages;

/// <summary>
/// Runs every benchmark once. What a benchmark returns says whether it did its work: false or null is a failure, so that
/// a stage that began to refuse does not look fast.
/// </summary>
internal static class Smoke
{
    public static async Task<int> RunAsync()
    {
        var passed = 0;
        var failed = 0;
        foreach (var type in typeof(Smoke).Assembly.GetTypes().Where(type => Marked<BenchmarkAttribute>(type).Any()).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            var subject = Activator.CreateInstance(type)!;
            foreach (var parameter in type.GetProperties().Where(property => property.GetCustomAttribute<ParamsAttribute>() is not null))
            {
                parameter.SetValue(subject, parameter.GetCustomAttribute<ParamsAttribute>()!.Values[0]);
            }

            await InvokeAsync(subject, Marked<GlobalSetupAttribute>(type));
            foreach (var benchmark in Marked<BenchmarkAttribute>(type))
            {
                var name = $"{type.Name}.{benchmark.Name}";
                try
                {
                    var result = await ResultAsync(benchmark.Invoke(subject, null));
                    var good = result is not null and not false;
                    Console.WriteLine($"{(good ? "ok  " : "FAIL")} {name}");
                    _ = good ? passed++ : failed++;
                }
                catch (Exception exception)
                {
                    Console.WriteLine($"FAIL {name}: {exception.GetBaseException().Message}");
                    failed++;
                }
            }

            await InvokeAsync(subject, Marked<GlobalCleanupAttribute>(type));
        }

        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static IEnumerable<MethodInfo> Marked<T>(Type type)
        where T : Attribute => type.GetMethods().Where(method => method.GetCustomAttribute<T>() is not null);

    private static async Task InvokeAsync(object subject, IEnumerable<MethodInfo> methods)
    {
        foreach (var method in methods)
        {
            await ResultAsync(method.Invoke(subject, null));
        }
    }

    private static async Task<object?> ResultAsync(object? returned)
    {
        switch (returned)
        {
            case Task<bool> answer:
                return await answer;
            case Task task:
                await task;
                return true;
            default:
                return returned;
        }
    }
}
