using System.Collections.Concurrent;
using Gateway.Observe;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed class RequestIdTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void An_id_is_a_version_7_UUID_of_its_time()
    {
        var id = Guid.ParseExact(RequestIds.Next(Now), "N");

        Assert.Equal(7, id.Version);
        Assert.InRange(id.Variant, 8, 0xB);
        Assert.Equal(Guid.CreateVersion7(Now).ToString("N")[..12], id.ToString("N")[..12]);
    }

    [Fact]
    public void Of_many_threads_no_two_ids_of_one_millisecond_are_equal()
    {
        var seen = new ConcurrentDictionary<string, bool>();

        Parallel.For(0, 20_000, _ => Assert.True(seen.TryAdd(RequestIds.Next(Now), true)));

        Assert.Equal(20_000, seen.Keys.Select(id => id[12..]).Distinct().Count());
    }
}
