using StackExchange.Redis;

namespace Gateway.Revoke.Shared;

/// <summary>
/// What is asked of the shared state, in commands that every server of the protocol has: a number that counts up, a
/// sorted set of entries by that number, keys that end by themselves. Everything is asked of the primary. Throws
/// <see cref="StateException"/> when it cannot be asked.
/// </summary>
internal sealed class RedisState(RedisConnection connection, int minReplicas)
{
    /// <summary>How far back readers look: who took a number and wrote it this much later is seen still.</summary>
    public const int Window = 256;

    /// <summary>How many numbers are taken in one go: the first of them is to be well within the window when the last is written.</summary>
    private const int Batch = Window / 4;

    private const CommandFlags Primary = CommandFlags.DemandMaster;
    private readonly Acknowledgements acknowledgements = new(connection, minReplicas);
    private readonly RedisKey sequence = connection.Key("seq"), log = connection.Key("log");

    /// <summary>Sets keys that are not there, all or none of which count; true when none was.</summary>
    public Task<bool> TakeAsync(IReadOnlyList<string> names, TimeSpan keepFor) => AskAsync(async database =>
    {
        var keys = names.Select(connection.Key).ToArray();
        bool taken;
        if (keys.Length == 1)
        {
            taken = await database.StringSetAsync(keys[0], "1", keepFor, When.NotExists, Primary);
        }
        else
        {
            var transaction = database.CreateTransaction();
            var each = keys.Select(key => transaction.StringSetAsync(key, "1", keepFor, When.NotExists, Primary)).ToArray();
            taken = await transaction.ExecuteAsync(Primary) ? (await Task.WhenAll(each)).All(set => set) : throw new StateException("the transaction was not carried out");
        }

        await acknowledgements.WaitAsync();
        return taken;
    });

    /// <summary>
    /// Appends entries to the log, and sets the keys of an id in the same step as the first of them; false when one of those
    /// was there. An entry that is there already is moved up: whoever wrote it may have died before all could see it.
    /// </summary>
    public Task<bool> AppendAsync(IReadOnlyList<byte[]> entries, IReadOnlyList<string> names, TimeSpan keepFor) => AskAsync(async database =>
    {
        if (entries.Count == 0)
        {
            return names.Count == 0 || await TakeAsync(names, keepFor);
        }

        var fresh = true;
        foreach (var batch in entries.Chunk(Batch))
        {
            fresh &= await AppendBatchAsync(database, batch, names, keepFor);
            names = [];
        }

        await acknowledgements.WaitAsync();
        _ = database.PublishAsync(connection.Hint, entries.Count, CommandFlags.FireAndForget);
        return fresh;
    });

    private async Task<bool> AppendBatchAsync(IDatabase database, byte[][] entries, IReadOnlyList<string> names, TimeSpan keepFor)
    {
        var first = await FirstNumberAsync();
        var transaction = database.CreateTransaction();
        var each = names.Select(name => transaction.StringSetAsync(connection.Key(name), "1", keepFor, When.NotExists, Primary)).ToArray();
        var added = transaction.SortedSetAddAsync(log, Numbered(), SortedSetWhen.GreaterThan, Primary);
        var now = transaction.StringGetAsync(sequence, Primary);
        if (!await transaction.ExecuteAsync(Primary))
        {
            throw new StateException("the transaction was not carried out");
        }

        await added;
        while ((long)await now - first >= Window / 2)
        {
            // So long ago was the number taken that readers may have gone past it.
            first = await FirstNumberAsync();
            await database.SortedSetAddAsync(log, Numbered(), SortedSetWhen.GreaterThan, Primary);
            now = database.StringGetAsync(sequence, Primary);
        }

        return (await Task.WhenAll(each)).All(set => set);

        async Task<long> FirstNumberAsync() => await TakeNumbersAsync() - entries.Length + 1;

        async Task<long> TakeNumbersAsync()
        {
            try
            {
                return await database.StringIncrementAsync(sequence, entries.Length, Primary);
            }
            catch (RedisServerException error) when (StateReason.IsNoNumber(error.Message))
            {
                // A stranger's text, or a number at its end. They begin anew, which readers take for a state that was put back, and read everything.
                await database.StringSetAsync(sequence, 0, flags: Primary);
                return await database.StringIncrementAsync(sequence, entries.Length, Primary);
            }
        }

        SortedSetEntry[] Numbered() => [.. entries.Select((entry, i) => new SortedSetEntry(entry, first + i))];
    }

    /// <summary>The number that was taken last, and the entries from a number on but for some of the first, as many as asked for.</summary>
    public Task<LogPage> ReadAsync(double from, int skip, int most) => AskAsync(async database =>
    {
        var number = database.StringGetAsync(sequence, Primary);
        var page = await database.SortedSetRangeByScoreWithScoresAsync(log, from, double.PositiveInfinity, Exclude.None, Order.Ascending, skip, most, Primary);
        return new LogPage((await number).TryParse(out long last) ? last : 0, [.. page.Select(entry => new LogEntry(entry.Score, (byte[]?)entry.Element ?? []))]);
    });

    /// <summary>Takes entries out of the log.</summary>
    public Task<long> RemoveAsync(IReadOnlyList<byte[]> entries) =>
        AskAsync(database => database.SortedSetRemoveAsync(log, [.. entries.Select(entry => (RedisValue)entry)], Primary));

    /// <summary>A section of what the server says of itself, by name; empty when it does not say.</summary>
    public Task<IReadOnlyDictionary<string, string>> InfoAsync(string section) => AskAsync<IReadOnlyDictionary<string, string>>(async database =>
    {
        try
        {
            var text = (string?)await database.ExecuteAsync("INFO", [section], Primary) ?? "";
            return text.Split('\n').Select(line => line.Trim().Split(':', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        }
        catch (RedisServerException)
        {
            return new Dictionary<string, string>();
        }
    });

    /// <summary>A parameter of the server; null when it does not tell.</summary>
    public Task<string?> SettingAsync(string name) => AskAsync<string?>(async database =>
    {
        try
        {
            return (RedisResult[]?)await database.ExecuteAsync("CONFIG", ["GET", name], Primary) is [_, var value, ..] ? (string?)value : null;
        }
        catch (RedisServerException)
        {
            return null;
        }
    });

    /// <summary>The time of day by the server's clock; null when it does not tell.</summary>
    public Task<DateTimeOffset?> TimeAsync() => AskAsync<DateTimeOffset?>(async database =>
    {
        try
        {
            return (RedisResult[]?)await database.ExecuteAsync("TIME", [], Primary) is [var seconds, ..] ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;
        }
        catch (RedisServerException)
        {
            return null;
        }
    });

    private async Task<T> AskAsync<T>(Func<IDatabase, Task<T>> ask)
    {
        try
        {
            var answer = await ask(await connection.DatabaseAsync());
            connection.LastError = null;
            return answer;
        }
        catch (Exception exception) when (exception is not StateException)
        {
            // Whatever its client stumbles over, an answer of another kind than was asked for included, nobody knows what was done.
            throw new StateException(StateReason.Of(exception, connection.LastError));
        }
    }

    /// <summary>Waits until replicas have what was written before. One question at a time, for everybody who waits by then.</summary>
    private sealed class Acknowledgements(RedisConnection connection, int replicas)
    {
        private const int Milliseconds = 1000;
        private readonly Lock gate = new();
        private Task asked = Task.CompletedTask;
        private Task? next;

        public Task WaitAsync()
        {
            if (replicas == 0)
            {
                return Task.CompletedTask;
            }

            lock (gate)
            {
                return next ??= AskAfterAsync(asked);
            }
        }

        private async Task AskAfterAsync(Task before)
        {
            await Task.Yield();
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (gate)
            {
                // Whoever comes from now on has written after the question was asked.
                (asked, next) = (next!, null);
            }

            var database = await connection.DatabaseAsync();
            var acknowledged = (long)await database.ExecuteAsync("WAIT", [replicas, Milliseconds], Primary);
            if (acknowledged < replicas)
            {
                throw new StateException("too few replicas have acknowledged");
            }
        }
    }
}

/// <summary>Entries of the log, and how far its numbers have come.</summary>
internal sealed record LogPage(long Last, IReadOnlyList<LogEntry> Entries);

/// <summary>An entry of the log under its number.</summary>
internal readonly record struct LogEntry(double Number, byte[] Bytes);

/// <summary>The shared state cannot be asked. The message is a fixed text.</summary>
internal sealed class StateException(string message) : Exception(message);
