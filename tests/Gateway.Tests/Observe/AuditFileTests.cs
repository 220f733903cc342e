using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Gateway.Configuration.Options;
using Gateway.Observe;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed class AuditFileTests : IDisposable
{
    private readonly ManualClock clock = new();
    private readonly TemporaryDirectory directory = new();
    private readonly RecordingLoggers loggers = new();
    private readonly GatewayMetrics metrics;
    private readonly Scraped prometheus;

    public AuditFileTests()
    {
        var meters = Given.Meters();
        prometheus = new Scraped(meters);
        metrics = new GatewayMetrics(meters, clock);
    }

    [Fact]
    public async Task Every_event_is_one_line_of_JSON_in_order_once_the_gateway_has_stopped()
    {
        var path = directory.File("audit.jsonl");
        await using (var audit = Open(path))
        {
            for (var i = 0; i < 2000; i++)
            {
                var record = Given.AllowedCall(clock);
                record.Operation = $"tool-{i}\n";
                await audit.WriteAsync(record);
            }
        }

        var lines = await File.ReadAllLinesAsync(path);
        Assert.Equal(2000, lines.Length);
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"tool-{i}\n"), lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("operation").GetString()!));
    }

    [Fact]
    public async Task Gateways_that_share_a_file_lose_no_line_of_each_other()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is told to find the end in the moment of the write.");
        var path = directory.File("audit.jsonl");

        // As long as what is written at once, so that each is a write of its own.
        var line = new byte[64 * 1024];
        line.AsSpan().Fill((byte)'x');
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using var gateway = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("Gateway.Audit"), clock);
            for (var number = 0; number < 100; number++)
            {
                await gateway.WriteAsync(line);
            }
        })));

        // One that opens while another writes may take what is there of its line for a cut one, and begin an empty one.
        var lengths = File.ReadLines(path).Select(text => text.Length).Where(length => length > 0).ToArray();
        Assert.Equal(400, lengths.Length);
        Assert.All(lengths, length => Assert.Equal(line.Length, length));
    }

    [Fact]
    public async Task The_file_is_readable_by_its_owner_only()
    {
        var path = directory.File("audit.jsonl");
        await using var audit = Open(path);

        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
#pragma warning disable CA1416 // Skipped there.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
#pragma warning restore CA1416
    }

    [Fact]
    public void A_file_that_cannot_be_opened_refuses_to_start() =>
        Assert.ThrowsAny<IOException>(() => Open(directory.File("missing/audit.jsonl")));

    [Theory]
    [InlineData(Rotation.Rename)]
    [InlineData(Rotation.Delete)]
    [InlineData(Rotation.CopyAndTruncate)]
    [InlineData(Rotation.SwapLink)]
    public async Task After_a_rotation_the_next_events_are_where_the_path_leads(Rotation rotation)
    {
        var path = directory.File("audit.jsonl");
        if (rotation == Rotation.SwapLink)
        {
            await File.WriteAllTextAsync(directory.File("one"), "");
            File.CreateSymbolicLink(path, directory.File("one"));
        }

        var audit = Open(path);
        await audit.WriteAsync(Named("before"));
        await WrittenAsync(path, "before");

        switch (rotation)
        {
            case Rotation.Rename:
                File.Move(path, path + ".1");
                break;
            case Rotation.Delete:
                File.Delete(path);
                break;
            case Rotation.CopyAndTruncate:
                File.Copy(path, path + ".1");
                using (var stream = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite))
                {
                }

                break;
            default:
                await File.WriteAllTextAsync(directory.File("two"), "");
                File.Delete(path);
                File.CreateSymbolicLink(path, directory.File("two"));
                break;
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        await audit.WriteAsync(Named("after"));
        await audit.DisposeAsync();

        Assert.Equal(["after"], await OperationsAsync(path));
    }

    [Theory]
    [InlineData("{\"cut", "{\"cut\nafter\n")]
    [InlineData("whole\n", "whole\nafter\n")]
    [InlineData("", "after\n")]
    public async Task What_a_gateway_before_has_left_without_an_end_is_no_part_of_the_next_line(string before, string after)
    {
        var path = directory.File("audit.jsonl");
        await File.WriteAllTextAsync(path, before);

        await using (var file = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock))
        {
            await file.WriteAsync("after"u8.ToArray());
        }

        Assert.Equal(after, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task A_file_that_may_not_be_read_is_written_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        var path = directory.File("audit.jsonl");
        await File.WriteAllTextAsync(path, "whole\n");
#pragma warning disable CA1416 // Skipped there.
        File.SetUnixFileMode(path, UnixFileMode.UserWrite);
#pragma warning restore CA1416

        await using (var file = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock))
        {
            await file.WriteAsync("after"u8.ToArray());
        }

        Assert.EndsWith("\nafter\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_was_full_costs_a_reader_the_line_that_it_cut()
    {
        var mount = directory.File("mount");
        Directory.CreateDirectory(mount);
        Assert.SkipUnless(OperatingSystem.IsLinux() && await RunAsync("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount) == 0, "Only root mounts a small disk.");
        try
        {
            var (path, others) = (Path.Combine(mount, "audit.jsonl"), Path.Combine(mount, "others"));
            await File.WriteAllBytesAsync(others, new byte[40 * 1024]);
            var line = Encoding.ASCII.GetBytes($"{{\"pad\":\"{new string('x', 1500)}\"}}");
            var first = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock);
            for (var i = 0; i < 30; i++)
            {
                await first.WriteAsync(line);
            }

            // The clock that runs while it ends would give it up before its thread has had a turn.
            await Eventually.HoldsAsync(() => new FileInfo(path).Length % (line.Length + 1) != 0);
            await TickUntilAsync(first.DisposeAsync().AsTask());
            var cut = await File.ReadAllBytesAsync(path);
            Assert.NotEqual((byte)'\n', cut[^1]);
            File.Delete(others);

            await using (var second = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock))
            {
                await second.WriteAsync(line);
            }

            var lines = (await File.ReadAllLinesAsync(path)).Where(text => text.Length > 0).ToArray();
            Assert.True(lines.Count(text => text.Length != line.Length) == 1, string.Join('\n', lines.Select(text => text.Length)));
            Assert.Equal(line.Length, lines[^1].Length);
        }
        finally
        {
            await RunAsync("umount", mount);
        }

        static async Task<int> RunAsync(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode;
        }
    }

    [Fact]
    public async Task The_path_is_not_opened_again_within_a_second()
    {
        var path = directory.File("audit.jsonl");
        var audit = Open(path);
        await audit.WriteAsync(Named("before"));
        await WrittenAsync(path, "before");
        File.Move(path, path + ".1");

        clock.Advance(TimeSpan.FromMilliseconds(999));
        await audit.WriteAsync(Named("after"));
        await audit.DisposeAsync();

        Assert.False(File.Exists(path));
        Assert.Equal(["before", "after"], await OperationsAsync(path + ".1"));
    }

    [Fact]
    public async Task With_block_a_full_queue_makes_requests_wait_and_loses_nothing()
    {
        var path = Broken(out var repair);
        var file = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock, queueLength: 2);
        repair(false);
        var (writes, waiting) = await WriteUntilWaitingAsync(file);
        Assert.False(waiting.IsCompleted);

        repair(true);
        await TickUntilAsync(waiting);
        await file.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, writes).Select(i => $"{i}"), (await File.ReadAllLinesAsync(path)).Where(line => line.Length > 0));
        Assert.DoesNotContain("\ngateway_audit_dropped_total{", prometheus.Write(), StringComparison.Ordinal);
        Assert.Contains(loggers.Entries, entry => entry.Event.Name == "AuditFileFailed");
        Assert.Contains(loggers.Entries, entry => entry.Event.Name == "AuditFileRecovered");
    }

    [Fact]
    public async Task With_block_as_many_wait_as_the_queue_is_long_and_no_more_but_for_what_was_sent_on()
    {
        const int Length = 3;
        var path = Broken(out var repair);
        var audit = new AuditLog(new AuditOptions { File = path }, loggers, metrics, clock, Length);
        repair(false);
        clock.Advance(TimeSpan.FromSeconds(1));
        var waiting = await WriteUntilStuckAsync(audit);

        Assert.Equal((Length, Length), (waiting.Count, audit.Waiting));
        for (var i = 0; i < 100; i++)
        {
            var refused = audit.WriteAsync(Given.Refusal(clock, 401, "token_missing")).AsTask();
            Assert.True(refused.IsCompleted && !await refused);
        }

        // One that was sent to an MCP server has its line, whoever waits.
        var sent = audit.WriteAsync(Named("sent")).AsTask();
        Assert.False(sent.IsCompleted);
        Assert.Equal(Length + 1, audit.Waiting);

        repair(true);
        await TickUntilAsync(Task.WhenAll([.. waiting, sent]));
        Assert.False(audit.IsStuck);
        await audit.DisposeAsync();

        var lines = (await File.ReadAllLinesAsync(path)).Where(line => line.Length > 0).ToList();
        Assert.Equal(1 + Length + Length + 1, lines.Count);
        Assert.Contains("\"operation\":\"sent\"", lines[^1], StringComparison.Ordinal);
        Assert.Contains("gateway_audit_dropped_total{} 101\n", prometheus.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_nothing_more_can_wait_no_request_is_begun_and_none_is_answered()
    {
        var file = Broken(out var repair);
        await using var world = await World.StartAsync(
            clock: clock,
            configure: builder => builder.Services.AddSingleton(_ => new AuditLog(new AuditOptions { File = file }, loggers, metrics, clock, queueLength: 1)));
        var audit = world.Gateway.Services.GetRequiredService<AuditLog>();
        repair(false);
        clock.Advance(TimeSpan.FromSeconds(1));
        var waiting = await WriteUntilStuckAsync(audit);

        try
        {
            foreach (var (path, token) in ((string, string?)[])[("/weather", null), ("/nothing", null), ("/weather", world.WeatherToken())])
            {
                var call = world.Gateway.CallAsync(path, token);
                while (!call.IsCompleted && audit.Waiting == 1)
                {
                    await Task.Yield();
                }

                Assert.Equal(1, audit.Waiting);
                await Assert.ThrowsAsync<HttpRequestException>(() => call);
            }

            world.AssertNothingWasSent();
        }
        finally
        {
            repair(true);
            await TickUntilAsync(Task.WhenAll(waiting));
        }

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task With_drop_no_request_ever_waits_and_every_lost_event_is_counted()
    {
        var path = Broken(out var repair);
        var file = new AuditFile(path, AuditOnFull.Drop, metrics, loggers.CreateLogger("file"), clock, queueLength: 2);
        repair(false);
        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 100; i++)
        {
            Assert.True(file.WriteAsync("{}"u8).AsTask().IsCompletedSuccessfully);
        }

        await file.DisposeAsync();

        Assert.Contains("gateway_audit_dropped_total{} 100\n", prometheus.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_written_before_the_end_is_named_as_lost_and_does_not_hold_the_end_up()
    {
        var path = Broken(out var repair);
        var file = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock, queueLength: 2);
        repair(false);
        clock.Advance(TimeSpan.FromSeconds(1));
        await file.WriteAsync("{}"u8.ToArray());

        var end = file.DisposeAsync().AsTask();
        await TickUntilAsync(end);

        Assert.Contains(loggers.Entries, entry => entry.Event.Name == "AuditFileLost");
        Assert.Contains("gateway_audit_dropped_total{} 1\n", prometheus.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_that_never_returns_does_not_hold_the_end_up_and_what_it_kept_is_counted_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A pipe with a name, open at both ends, is Linux's.");
        var path = directory.File("audit.pipe");
        using (var make = Process.Start("mkfifo", [path]))
        {
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        // Open at the other end, and never read: what does not fit into the pipe waits in the kernel.
        using var unread = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var file = new AuditFile(path, AuditOnFull.Block, metrics, loggers.CreateLogger("file"), clock);
        var line = new byte[200 * 1024];
        await file.WriteAsync(line);
        await file.WriteAsync("{}"u8.ToArray());

        var end = file.DisposeAsync().AsTask();
        Assert.False(end.IsCompleted);
        await TickUntilAsync(end);

        Assert.Contains(loggers.Entries, entry => entry.Event.Name == "AuditFileLost");
        Assert.Contains("gateway_audit_dropped_total{} 2\n", prometheus.Write(), StringComparison.Ordinal);

        // Lets the writer go.
        await unread.ReadExactlyAsync(new byte[line.Length], TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        prometheus.Dispose();
        directory.Dispose();
    }

    private AuditLog Open(string path) => new(new AuditOptions { File = path }, loggers, metrics, clock);

    private RequestRecord Named(string operation)
    {
        var record = Given.AllowedCall(clock);
        record.Operation = operation;
        return record;
    }

    /// <summary>A path in a directory that comes and goes.</summary>
    private string Broken(out Action<bool> repair)
    {
        var mount = directory.File("mount");
        Directory.CreateDirectory(mount);
        var path = Path.Combine(mount, "audit.jsonl");
        repair = there =>
        {
            var (from, to) = there ? (mount + ".away", mount) : (mount, mount + ".away");
            Directory.Move(from, to);
        };
        return path;
    }

    /// <summary>Writes numbered events until one has to wait, once the writer has found out that it cannot write.</summary>
    private async Task<(int Writes, Task Waiting)> WriteUntilWaitingAsync(AuditFile file)
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; ; i++)
        {
            var write = file.WriteAsync(Encoding.UTF8.GetBytes($"{i}")).AsTask();
            while (i == 0 && !loggers.Entries.Any(entry => entry.Event.Name == "AuditFileFailed"))
            {
                await Task.Yield();
            }

            if (!write.IsCompleted)
            {
                return (i + 1, write);
            }
        }
    }

    /// <summary>Refuses until a refusal may not even wait any more, once the writer has found out that it cannot write; those that wait.</summary>
    private async Task<List<Task<bool>>> WriteUntilStuckAsync(AuditLog audit)
    {
        const int Enough = 100;
        var waiting = new List<Task<bool>>();
        for (var i = 0; i < Enough; i++)
        {
            var write = audit.WriteAsync(Given.Refusal(clock, 401, "token_missing")).AsTask();
            while (i == 0 && !loggers.Entries.Any(entry => entry.Event.Name == "AuditFileFailed"))
            {
                await Task.Yield();
            }

            if (!write.IsCompleted)
            {
                waiting.Add(write);
            }
            else if (!await write)
            {
                break;
            }
        }

        return waiting;
    }

    /// <summary>Moves time on until the task is done; the writer may be at any point, so one step is not always enough.</summary>
    private async Task TickUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await task;
    }

    private static async Task WrittenAsync(string path, string operation)
    {
        while (!(await File.ReadAllTextAsync(path)).Contains(operation, StringComparison.Ordinal))
        {
            await Task.Yield();
        }
    }

    private static async Task<IEnumerable<string>> OperationsAsync(string path) =>
        (await File.ReadAllLinesAsync(path)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("operation").GetString()!);

    public enum Rotation
    {
        Rename,
        Delete,
        CopyAndTruncate,
        SwapLink,
    }
}
