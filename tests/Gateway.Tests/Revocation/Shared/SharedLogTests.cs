using Gateway.Revoke.Shared;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using TokenExchange.Inbound.Revocation;
using Xunit;
using SharedRevocation = TokenExchange.Inbound.Revocation.Revocation;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>Whatever is written to the log is read by everybody who reads it, however writers and readers overtake each other; a real server of the protocol.</summary>
public sealed class SharedLogTests : IAsyncDisposable
{
    private const string Log = "mcp-gateway:log", Sequence = "mcp-gateway:seq";
    private readonly TestState server = new();
    private readonly ManualClock clock = new();
    private readonly RevocationKeys keys = RevocationKeys.ForThisProcess();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task What_one_who_died_left_under_an_old_number_is_seen_when_another_says_it_again()
    {
        var entry = Of("alice");
        var database = await server.StrangerAsync();
        await database.StringSetAsync(Sequence, 1000);
        var reader = Reader();
        await reader.ReadAsync();

        // Its number was taken long before it was written, and who wrote it died before it could take another.
        await database.SortedSetAddAsync(Log, entry.Bytes, 2);
        Assert.Empty((await reader.ReadAsync()).Sound);
        Assert.True(await server.Connect().AppendAsync([entry.Bytes], [], TimeSpan.Zero));

        Assert.Equal(entry.Id, Assert.Single((await reader.ReadAsync()).Sound).Id);
    }

    [Theory]
    [InlineData("no number")]
    [InlineData("9223372036854775807")]
    [InlineData("1.5")]
    [InlineData("")]
    public async Task A_strangers_text_in_place_of_the_number_keeps_nobody_from_writing_or_reading(string text)
    {
        var (before, first, second) = (Of("alice"), Of("bob"), Of("carol"));
        var reader = Reader();
        Assert.True(await server.Connect().AppendAsync([before.Bytes], [], TimeSpan.Zero));
        Assert.Equal(before.Id, Assert.Single((await reader.ReadAsync()).Sound).Id);
        await (await server.StrangerAsync()).StringSetAsync(Sequence, text);

        Assert.True(await server.Connect().AppendAsync([first.Bytes], [], TimeSpan.Zero));
        Assert.Contains(first.Id, (await reader.ReadAsync()).Sound.Select(entry => entry.Id));
        Assert.True(await server.Connect().AppendAsync([second.Bytes], [], TimeSpan.Zero));
        Assert.Contains(second.Id, (await reader.ReadAsync()).Sound.Select(entry => entry.Id));
        Assert.Equal(new[] { before.Id, first.Id, second.Id }.Order(), (await Reader().ReadAsync()).Sound.Select(entry => entry.Id).Order());
    }

    [Fact]
    public async Task Entries_of_one_number_at_the_end_of_a_page_are_all_read()
    {
        var entries = Enumerable.Range(0, 2500).Select(number => Of($"user-{number}")).ToArray();
        await (await server.StrangerAsync()).SortedSetAddAsync(Log, [.. entries.Select((entry, i) => new SortedSetEntry(entry.Bytes, 1 + (i / 7)))]);

        var reading = await Reader().ReadAsync();

        Assert.Equal(entries.Select(entry => entry.Id).Order(), reading.Sound.Select(entry => entry.Id).Order());
    }

    [Fact]
    public async Task An_entry_at_the_end_of_a_page_that_is_moved_up_meanwhile_hides_no_other()
    {
        const int Page = 1000;
        var entries = Enumerable.Range(0, 2 * Page).Select(number => Of($"user-{number}")).ToArray();
        var database = await server.StrangerAsync();
        await database.SortedSetAddAsync(Log, [.. entries.Select((entry, i) => new SortedSetEntry(entry.Bytes, 1 + i))]);

        // Every entry is asked whether it is over. One before the last of a page, the page itself has been read.
        var asked = 0;
        var hook = new HookedClock(clock, () =>
        {
            if (++asked == Page - 1)
            {
                database.SortedSetAdd(Log, entries[Page - 1].Bytes, 3 * Page);
            }
        });
        var reading = await new LogReader(server.Connect(), new Revocations(clock, keys: keys), hook).ReadAsync();

        Assert.Equal(entries.Select(entry => entry.Id).Order(), reading.Sound.Select(entry => entry.Id).Distinct().Order());
    }

    [Fact]
    public async Task What_is_written_in_one_go_is_seen_by_who_looks_meanwhile()
    {
        var state = server.Connect();
        var reader = Reader();
        await reader.ReadAsync();
        for (var round = 0; round < 5; round++)
        {
            var written = Enumerable.Range(0, 500).Select(number => Of($"user-{round}-{number}")).ToArray();
            var read = new HashSet<ulong>();
            var writing = state.AppendAsync([.. written.Select(entry => entry.Bytes)], [], TimeSpan.Zero);
            do
            {
                read.UnionWith((await reader.ReadAsync()).Sound.Select(entry => entry.Id));
            }
            while (!writing.IsCompleted);
            await writing;
            read.UnionWith((await reader.ReadAsync()).Sound.Select(entry => entry.Id));

            Assert.Equal([], written.Where(entry => !read.Contains(entry.Id)));
        }
    }

    [Fact]
    public async Task Who_begins_to_read_a_long_log_while_others_write_knows_all_at_the_next_look()
    {
        var old = Enumerable.Range(0, 1500).Select(number => Of($"old-{number}")).ToArray();
        await server.Connect().AppendAsync([.. old.Select(entry => entry.Bytes)], [], TimeSpan.Zero);
        var written = new List<SharedRevocation>();
        var writers = Enumerable.Range(0, 3).Select(async writer =>
        {
            var state = server.Connect();
            for (var number = 0; number < 15; number++)
            {
                var entries = Enumerable.Range(0, 60).Select(i => Of($"new-{writer}-{number}-{i}")).ToArray();
                await state.AppendAsync([.. entries.Select(entry => entry.Bytes)], [], TimeSpan.Zero);
                lock (written)
                {
                    written.AddRange(entries);
                }
            }
        }).ToArray();

        var readers = new List<(LogReader Reader, HashSet<ulong> Read)>();
        for (var i = 0; i < 5; i++)
        {
            var reader = Reader();
            readers.Add((reader, [.. (await reader.ReadAsync()).Sound.Select(entry => entry.Id)]));
        }

        await Task.WhenAll(writers);
        foreach (var (reader, read) in readers)
        {
            read.UnionWith((await reader.ReadAsync()).Sound.Select(entry => entry.Id));
            Assert.Equal([], old.Concat(written).Where(entry => !read.Contains(entry.Id)));
        }
    }

    [Fact]
    public async Task What_a_stranger_writes_above_all_numbers_that_were_given_is_not_gone_through_at_every_look_and_hides_nothing()
    {
        var state = server.Connect();
        var reader = Reader();
        var (alice, bob) = (Of("alice"), Of("bob"));
        await state.AppendAsync([alice.Bytes], [], TimeSpan.Zero);
        await reader.ReadAsync();
        await WriteAsStrangerAsync(3500, number => 1e6 + number);

        var look = await reader.ReadAsync();
        Assert.False(look.Whole);
        Assert.InRange(look.Ignored, 1, 1000);
        await state.AppendAsync([bob.Bytes], [], TimeSpan.Zero);
        look = await reader.ReadAsync();
        Assert.Equal((false, bob.Id), (look.Whole, Assert.Single(look.Sound).Id));

        reader.StartOver();
        look = await reader.ReadAsync();
        Assert.Equal(3500, look.Ignored);
        Assert.Equal(new[] { alice.Id, bob.Id }.Order(), look.Sound.Select(entry => entry.Id).Order());
    }

    [Fact]
    public async Task What_a_stranger_writes_among_the_last_numbers_is_counted_once_and_hides_nothing()
    {
        var state = server.Connect();
        var reader = Reader();
        await state.AppendAsync([Of("alice").Bytes], [], TimeSpan.Zero);
        await WriteAsStrangerAsync(15_000, number => number % 2 == 0 ? 1 : number / 20_000d);
        Assert.Equal(15_000, (await reader.ReadAsync()).Ignored);

        for (var round = 0; round < 2; round++)
        {
            var bob = Of($"bob-{round}");
            await state.AppendAsync([bob.Bytes], [], TimeSpan.Zero);
            var look = await reader.ReadAsync();
            Assert.Equal((false, 0, bob.Id), (look.Whole, look.Ignored, Assert.Single(look.Sound).Id));
        }
    }

    [Fact]
    public async Task What_a_stranger_writes_is_not_taken_into_memory_when_it_is_longer_than_any_entry_and_hides_nothing()
    {
        var (alice, bob) = (Of("alice"), Of("bob"));
        await server.Connect().AppendAsync([alice.Bytes], [], TimeSpan.Zero);
        var database = await server.StrangerAsync();
        for (var number = 0; number < 20; number++)
        {
            await database.SortedSetAddAsync(Log, Enumerable.Range(0, 1 << 20).Select(at => (byte)(at * number)).ToArray(), number / 10d);
        }

        var state = server.Connect();
        var reader = Reader();
        Assert.Equal(alice.Id, Assert.Single((await reader.ReadAsync()).Sound).Id);
        await state.AppendAsync([bob.Bytes], [], TimeSpan.Zero);
        Assert.Equal(bob.Id, Assert.Single((await reader.ReadAsync()).Sound).Id);
        var page = await state.ReadAsync(0, 0, 1000);
        Assert.Equal(22, page.Entries.Count);
        Assert.InRange(page.Entries.Max(entry => entry.Bytes.Length), 1, 1024);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public async Task What_is_over_by_the_clock_of_one_replica_is_taken_out_when_it_is_over_by_the_clock_of_the_state_as_well(int hours, int left)
    {
        var now = TimeProvider.System.GetUtcNow();
        clock.Set(now - clock.GetUtcNow());
        var revocation = SharedRevocation.Of(keys, RevocationSelector.Subject, "https://as.example.com", "alice", now.AddMinutes(-2), TimeSpan.FromHours(hours) + TimeSpan.FromMinutes(1), RevocationSource.Command);
        var state = server.Connect();
        await state.AppendAsync([revocation.Bytes], [], TimeSpan.Zero);
        clock.Set(TimeSpan.FromDays(3650));
        var ahead = new SharedLog(state, clock, NullLogger<SharedLog>.Instance);

        var reading = await Reader().ReadAsync();
        ahead.Remove(reading.Over);
        await ahead.CatchUpAsync(_ => false);

        Assert.Equal((1, left), (reading.Over.Count, (await state.ReadAsync(0, 0, 10)).Entries.Count));
    }

    [Fact]
    public async Task What_is_over_by_its_own_word_is_named_so_much_at_a_time()
    {
        var over = Enumerable.Range(0, 12_000).Select(number => Of($"user-{number}")).ToArray();
        await (await server.StrangerAsync()).SortedSetAddAsync(Log, [.. over.Select((entry, i) => new SortedSetEntry(entry.Bytes, i))]);
        clock.Advance(TimeSpan.FromHours(3));

        var reading = await Reader().ReadAsync();

        Assert.Empty(reading.Sound);
        Assert.InRange(reading.Over.Count, 1000, 10_000);
    }

    [Fact]
    public async Task What_was_written_later_and_lost_before_anybody_saw_it_is_written_again()
    {
        var log = new SharedLog(server.Connect(), clock, NullLogger<SharedLog>.Instance);
        var reader = Reader();
        await reader.ReadAsync();
        log.WriteLater([Of("alice")]);
        await log.CatchUpAsync(_ => true);

        // By a primary that was none any more.
        await (await server.StrangerAsync()).KeyDeleteAsync(Log);
        log.Confirm(log.Unconfirmed, (await reader.ReadAsync()).Sound, keys);
        await log.CatchUpAsync(_ => true);

        Assert.Equal(Of("alice").Id, Assert.Single((await reader.ReadAsync()).Sound).Id);
    }

    [Fact]
    public async Task What_was_seen_before_its_writer_heard_that_it_is_written_is_not_written_again()
    {
        var log = new SharedLog(server.Connect(), clock, NullLogger<SharedLog>.Instance);
        var reader = Reader();
        log.WriteLater([Of("alice")]);
        await log.CatchUpAsync(_ => true);
        await reader.ReadAsync();

        var again = await reader.ReadAsync();
        log.Confirm(log.Unconfirmed, again.Sound.Concat(reader.Found), keys);

        Assert.Equal((0, 0, 0), (again.Sound.Count, log.Pending, log.Unconfirmed.Count));
    }

    [Fact]
    public async Task What_was_written_and_nobody_can_read_any_more_is_not_written_again()
    {
        var log = new SharedLog(server.Connect(), clock, NullLogger<SharedLog>.Instance);
        log.WriteLater([Of("alice")]);
        await log.CatchUpAsync(_ => true);

        log.Confirm(log.Unconfirmed, [], RevocationKeys.ForThisProcess());

        Assert.Equal((0, 0), (log.Pending, log.Unconfirmed.Count));
    }

    private async Task WriteAsStrangerAsync(int count, Func<int, double> numberOf) =>
        await (await server.StrangerAsync()).SortedSetAddAsync(Log, [.. Enumerable.Range(0, count).Select(i => new SortedSetEntry($"what no key has sealed, {i:00000000000000000000}", numberOf(i)))]);

    private SharedRevocation Of(string subject) =>
        SharedRevocation.Of(keys, RevocationSelector.Subject, "https://as.example.com", subject, clock.GetUtcNow(), TimeSpan.FromHours(1), RevocationSource.BackchannelLogout);

    private LogReader Reader() => new(server.Connect(), new Revocations(clock, keys: keys), clock);

    /// <summary>A clock that tells when it is asked.</summary>
    private sealed class HookedClock(TimeProvider inner, Action asked) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            asked();
            return inner.GetUtcNow();
        }
    }
}
