namespace Gateway.Benchmarks.Stages;

/// <summary>Runs every benchmark once, and holds what they and a whole request allocate to what is allowed.</summary>
internal static class Smoke
{
    public static async Task<int> RunAsync()
    {
        var passed = 0;
        var failed = 0;
        await StageBenchmark.ForEachAsync(async benchmark =>
        {
            try
            {
                Count(await benchmark.RunAsync(), benchmark.Name);
            }
            catch (Exception exception)
            {
                Count(false, $"{benchmark.Name}: {exception.GetBaseException().Message}");
            }
        });
#if !DEBUG
        await Regressions.ForEachAsync(row => Count(row.Good, row.ToString()));
#endif
        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 && passed > 0 ? 0 : 1;

        void Count(bool good, string what)
        {
            Console.WriteLine($"{(good ? "ok  " : "FAIL")} {what}");
            _ = good ? passed++ : failed++;
        }
    }
}
