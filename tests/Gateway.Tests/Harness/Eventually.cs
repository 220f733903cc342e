using Xunit;

namespace Gateway.Tests.Harness;

/// <summary>Waits for what happens elsewhere, on another thread or in another process: what never happens fails the test, and does not hang it.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Returns when the condition holds; as soon as one of <paramref name="meanwhile"/> has ended, it no longer can.</summary>
    public static Task HoldsAsync(Func<bool> condition, params IReadOnlyCollection<Task> meanwhile) => HoldsAsync(() =>
    {
        if (condition())
        {
            return Task.FromResult(true);
        }

        Assert.DoesNotContain(meanwhile, task => task.IsCompleted && !condition());
        return Task.FromResult(false);
    });

    /// <summary>Returns when the condition holds; what it throws fails the test at once.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (!await condition())
        {
            await Task.Delay(1, patience.Token);
        }
    }
}
