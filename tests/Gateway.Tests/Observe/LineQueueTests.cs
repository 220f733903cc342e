using System.Text;
using Gateway.Observe;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>Lines come out as they went in, whole and in order, and no more of them are held than may be.</summary>
public sealed class LineQueueTests
{
    [Fact]
    public async Task Of_many_who_write_at_once_every_line_is_whole_and_each_ones_are_in_order()
    {
        const int Writers = 8, Each = 20_000;
        var queue = new LineQueue(64);
        var reading = Task.Run(() => Lines(queue), TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                var line = Encoding.ASCII.GetBytes($"{writer} {i}");
                Assert.True(queue.TryAdd(line) || await queue.AddAsync(line));
            }
        })));
        queue.Close();

        foreach (var own in (await reading).Select(line => line.Split(' ')).GroupBy(parts => parts[0]))
        {
            Assert.Equal(Enumerable.Range(0, Each), own.Select(parts => int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public async Task Beyond_its_bound_a_line_waits_and_none_passes_it()
    {
        var queue = new LineQueue(2);
        Assert.True(queue.TryAdd("one"u8));
        Assert.True(queue.TryAdd("two"u8));
        Assert.False(queue.TryAdd("three"u8));
        var three = queue.AddAsync("three"u8);
        var four = queue.AddAsync("four"u8);
        var five = queue.AddAsync("five"u8);
        Assert.False(three.IsCompleted);

        Assert.Equal("one\ntwo\n", Take(queue));
        Assert.True(await three);
        Assert.True(await four);
        Assert.False(five.IsCompleted);
        Assert.False(queue.TryAdd("six"u8));

        Assert.Equal("three\nfour\n", Take(queue));
        Assert.True(await five);
        Assert.True(queue.TryAdd("six"u8));
        Assert.Equal("five\nsix\n", Take(queue));
    }

    [Fact]
    public async Task Once_closed_it_gives_what_it_has_and_takes_no_more()
    {
        var queue = new LineQueue(1);
        Assert.True(queue.TryAdd("one"u8));
        var waiting = queue.AddAsync("two"u8);

        queue.Close();

        Assert.False(await waiting);
        Assert.False(queue.TryAdd("three"u8));
        Assert.False(await queue.AddAsync("three"u8));
        Assert.Equal("one\n", Take(queue));
        Assert.False(queue.Take(out _));
    }

    [Fact]
    public async Task A_reader_that_waits_is_woken()
    {
        var queue = new LineQueue(1);
        for (var i = 0; i < 1000; i++)
        {
            var taking = Task.Run(() => Take(queue), TestContext.Current.CancellationToken);
            Assert.True(queue.TryAdd("one"u8));
            Assert.Equal("one\n", await taking);
        }

        var ending = Task.Run(() => queue.Take(out _), TestContext.Current.CancellationToken);
        queue.Close();
        Assert.False(await ending);
    }

    private static string Take(LineQueue queue) => queue.Take(out var bytes) ? Encoding.ASCII.GetString(bytes.Span) : "";

    private static List<string> Lines(LineQueue queue)
    {
        var all = new List<string>();
        while (queue.Take(out var bytes))
        {
            all.AddRange(Encoding.ASCII.GetString(bytes.Span)[..^1].Split('\n'));
        }

        return all;
    }
}
