using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Gateway.Benchmarks.Stages;

/// <summary>
/// A benchmark as something to call here and now. What it returns says whether it did its work: false or null is a
/// failure, so that a stage that began to refuse does not look fast.
/// </summary>
internal sealed record StageBenchmark(string Name, Func<Task<bool>> RunAsync, int OperationsPerRun)
{
    /// <summary>Sets every class of benchmarks up in turn, and hands over each of its benchmarks; parameters have their first value.</summary>
    public static async Task ForEachAsync(Func<StageBenchmark, Task> use)
    {
        foreach (var type in typeof(StageBenchmark).Assembly.GetTypes().Where(type => Marked<BenchmarkAttribute>(type).Any()).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            var subject = Activator.CreateInstance(type)!;
            foreach (var parameter in type.GetProperties().Where(property => property.GetCustomAttribute<ParamsAttribute>() is not null))
            {
                parameter.SetValue(subject, parameter.GetCustomAttribute<ParamsAttribute>()!.Values[0]);
            }

            await AllAsync(subject, Marked<GlobalSetupAttribute>(type));
            foreach (var method in Marked<BenchmarkAttribute>(type))
            {
                await use(new StageBenchmark($"{type.Name}.{method.Name}", Call(subject, method), method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke));
            }

            await AllAsync(subject, Marked<GlobalCleanupAttribute>(type));
        }
    }

    /// <summary>A delegate, since a call by reflection would allocate.</summary>
    private static Func<Task<bool>> Call(object subject, MethodInfo method)
    {
        if (method.ReturnType == typeof(Task<bool>))
        {
            return method.CreateDelegate<Func<Task<bool>>>(subject);
        }

        var call = method.CreateDelegate<Func<bool>>(subject);
        return () => Task.FromResult(call());
    }

    private static IEnumerable<MethodInfo> Marked<T>(Type type)
        where T : Attribute => type.GetMethods().Where(method => method.GetCustomAttribute<T>() is not null);

    private static async Task AllAsync(object subject, IEnumerable<MethodInfo> methods)
    {
        foreach (var method in methods)
        {
            await (method.Invoke(subject, null) as Task ?? Task.CompletedTask);
        }
    }
}
