using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Connections;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Tests.Lifecycle;

/// <summary>Who always finds something to read lets others have their turn, and loses nothing by it.</summary>
public sealed class FairnessTests
{
    private const int Reads = 1000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_to_an_MCP_server_that_always_has_something_to_say_gives_way()
    {
        var sent = Enumerable.Range(0, Reads).Select(number => (byte)number).ToArray();
        await using var connection = new FairStream(new MemoryStream(sent));
        var (received, buffer) = (new List<byte>(), new byte[1]);
        var most = await MostAtOnceAsync(() => connection.ReadAsync(buffer, Cancellation), read =>
        {
            received.AddRange(buffer[..read]);
            return read > 0;
        });

        Assert.Equal(sent, received);
        Assert.InRange(most, 1, Turns.Most - 1);
    }

    [Fact]
    public async Task A_client_who_always_has_something_to_say_gives_way()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var sent = Enumerable.Range(0, Reads).Select(number => (byte)number).ToArray();
        await pipe.Writer.WriteAsync(sent, Cancellation);
        await pipe.Writer.CompleteAsync();
        var input = new FairTransport(new Connection(pipe.Reader, pipe.Writer)).Input;
        var received = new List<byte>();
        var most = await MostAtOnceAsync(() => input.ReadAsync(Cancellation), read =>
        {
            var next = read.Buffer.Slice(0, Math.Min(1, read.Buffer.Length));
            received.AddRange(next.ToArray());
            input.AdvanceTo(next.End);
            return !next.IsEmpty;
        });

        Assert.Equal(sent, received);
        Assert.InRange(most, 1, Turns.Most - 1);
    }

    [Fact]
    public async Task Who_has_to_wait_for_what_is_read_gives_way_no_further()
    {
        var pipe = new Pipe();
        await using var connection = new FairStream(pipe.Reader.AsStream());
        var buffer = new byte[1];
        for (var number = 0; number < 2 * Turns.Most; number++)
        {
            var waited = connection.ReadAsync(buffer, Cancellation);
            await pipe.Writer.WriteAsync(new byte[] { 1, 2 }, Cancellation);
            Assert.Equal(1, await waited);
            var found = connection.ReadAsync(buffer, Cancellation);
            Assert.True(found.IsCompleted);
            Assert.Equal(1, await found);
        }
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)] // a caller and the MCP server that answers, in turn
    public void On_a_thread_that_serves_sockets_who_waits_gives_way_as_well(int connections, int expected)
    {
        var given = OnASocketThread(connections, (read, all) =>
        {
            for (var number = 0; number < 2 * Turns.Most; number++)
            {
                all.ForEach(read);
            }
        });

        Assert.Equal(expected, given);
    }

    [Fact]
    public void On_a_thread_that_serves_sockets_one_of_many_has_let_it_go_to_them()
    {
        var given = OnASocketThread(1 + Turns.OfOthers, (read, all) =>
        {
            for (var number = 0; number < 10 * Turns.Most; number++)
            {
                all.ForEach(read);
            }
        });

        Assert.Equal(0, given);
    }

    [Fact]
    public void On_a_thread_that_serves_sockets_those_served_before_lend_nobody_a_longer_turn()
    {
        var given = OnASocketThread(1 + Turns.OfOthers, (read, all) =>
        {
            for (var number = 0; number < 10 * Turns.Most; number++)
            {
                all.ForEach(read);
            }

            for (var number = 0; number < Turns.Most; number++)
            {
                read(all[0]);
            }
        });

        Assert.Equal(1, given);
    }

    /// <summary>Reads connections on a thread that is none of the pool's, each time waiting for what is read; how many reads came by the pool.</summary>
    private static int OnASocketThread(int connections, Action<Action<FairTransport>, List<FairTransport>> read)
    {
        var options = new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline);
        var all = Enumerable.Range(0, connections).Select(_ => new Pipe(options)).Select(pipe => new FairTransport(new Connection(pipe.Reader, pipe.Writer))).ToList();
        var given = 0;
        var sockets = new Thread(() => read(ReadOne, all));
        sockets.Start();

        Assert.True(sockets.Join(2 * SocketClient.Patience));
        return given;

        void ReadOne(FairTransport connection) => connection.Input.AdvanceTo(Come(connection.Input.ReadAsync(Cancellation), connection.Output).Buffer.End);

        ReadResult Come(ValueTask<ReadResult> reading, PipeWriter output)
        {
            var waiting = reading.GetAwaiter();
            using var come = new ManualResetEventSlim();
            waiting.UnsafeOnCompleted(() =>
            {
                given += Thread.CurrentThread.IsThreadPoolThread ? 1 : 0;
                come.Set();
            });
            output.Write("1"u8);
            _ = output.FlushAsync(Cancellation).AsTask();
            come.Wait(SocketClient.Patience, Cancellation);
            return waiting.GetResult();
        }
    }

    [Fact]
    public async Task An_answer_that_comes_faster_than_it_is_read_gives_way()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var clients = new OutboundClients(TimeProvider.System, DistributedContextPropagator.Current);
        using var client = ((IForwarderHttpClientFactory)clients).CreateClient(new ForwarderHttpClientContext
        {
            NewConfig = HttpClientConfig.Empty,
            NewMetadata = new Dictionary<string, string> { [YarpRecords.ServerMetadata] = "weather" },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{server.LocalEndpoint}/");
        var answering = client.SendAsync(request, Cancellation);
        using var connection = await server.AcceptTcpClientAsync(Cancellation);
        const int Size = 8 << 20;
        var sending = Task.Run(
            async () =>
            {
                // Read, so that closing does not reset what is on its way.
                var asked = new StreamReader(connection.GetStream());
                while (await asked.ReadLineAsync(Cancellation) is { Length: > 0 })
                {
                }

                await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancellation);
                await connection.GetStream().WriteAsync(new byte[Size], Cancellation);
                connection.Close();
            },
            Cancellation);
        using var answer = await answering.WaitAsync(SocketClient.Patience, Cancellation);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancellation);

        // As large as the client's own buffer and larger: every read is one of the connection.
        var (received, buffer) = (0, new byte[8192]);
        var most = await MostAtOnceAsync(() => body.ReadAsync(buffer, Cancellation), read =>
        {
            received += read;
            return read > 0;
        });

        // Of the thousand reads. One that gave way, or waited, may be complete when HttpClient looks, which then tells two rows as one.
        await sending;
        Assert.Equal(Size, received);
        Assert.InRange(most, 1, 2 * Turns.Most);
    }

    /// <summary>HttpClient finds both out by a read that is complete at once, which must not give way when its turn would be over.</summary>
    [Theory]
    [InlineData("")] // the connection has ended
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray")]
    public async Task What_an_idle_connection_holds_answers_nobody_however_many_reads_were_before(string left)
    {
        for (var length = 0; length < Turns.Most; length++)
        {
            var connected = 0;
            using var client = new HttpMessageInvoker(new OutboundBody(new SocketsHttpHandler
            {
                ConnectCallback = (_, _) => new(new ByteByByte(new string('x', length), ++connected == 1 ? left : null)),
                PlaintextStreamFilter = OutboundClients.ReadInTurns,
            }));
            for (var number = 0; number < 2; number++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "http://weather/") { Content = new StringContent("call") };
                using var answer = await Task.Run(() => client.SendAsync(request, Cancellation), Cancellation).WaitAsync(SocketClient.Patience, Cancellation);
                Assert.Equal(new string('x', length), await answer.Content.ReadAsStringAsync(Cancellation));
            }

            Assert.Equal(2, connected);
        }
    }

    [Fact]
    public async Task Every_connection_of_a_client_gives_way()
    {
        var transports = new List<IDuplexPipe?>();
        await using var world = await World.StartAsync(configure: builder => builder.Services.AddSingleton<IStartupFilter>(new Look(transports)));
        using var request = new HttpRequestMessage(HttpMethod.Get, world.Gateway.Url + "/weather");
        using var answer = await world.Gateway.Client.SendAsync(request, Cancellation);

        Assert.IsType<FairTransport>(Assert.Single(transports));
    }

    [Fact]
    public async Task Who_connects_without_a_pause_gives_way()
    {
        await using var listener = await new FairListeners(new Crowd()).BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Cancellation);
        var accepted = 0;
        var most = await MostAtOnceAsync(() => listener.AcceptAsync(Cancellation), _ => ++accepted < Reads);

        Assert.Equal(Reads, accepted);
        Assert.InRange(most, 1, Turns.Most - 1);
    }

    [Fact]
    public async Task No_client_is_accepted_or_read_in_another_way()
    {
        await using var world = await World.StartAsync();

        // Kestrel asks the last one first.
        Assert.IsType<FairListeners>(world.Gateway.Services.GetRequiredService<IConnectionListenerFactory>());
        Assert.Equal(FairTransport.MaxUnread, world.Gateway.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value.MaxReadBufferSize);
    }

    /// <summary>Reads until <paramref name="take"/> says that it was the end; how many reads in a row found something to read, at most.</summary>
    private static async Task<int> MostAtOnceAsync<T>(Func<ValueTask<T>> begin, Func<T, bool> take)
    {
        var (atOnce, most) = (0, 0);
        for (var more = true; more;)
        {
            var (read, wasThere) = await ReadAsync(begin()).WaitAsync(SocketClient.Patience, Cancellation);
            atOnce = wasThere ? atOnce + 1 : 0;
            most = Math.Max(most, atOnce);
            more = take(read);
        }

        return most;
    }

    /// <summary>What is read, and whether it was there when it was asked for: such a read is nothing but its result. One that gave way may be complete, too, before anybody looks.</summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Compared after it was awaited, which takes nothing from it.")]
    private static async Task<(T Read, bool WasThere)> ReadAsync<T>(ValueTask<T> reading)
    {
        var read = await reading;
        return (read, reading == new ValueTask<T>(read));
    }

    /// <summary>Notes what the connection of each request is read through.</summary>
    private sealed class Look(List<IDuplexPipe?> transports) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(inner => context =>
            {
                transports.Add(context.Features.Get<IConnectionTransportFeature>()?.Transport);
                return inner(context);
            });
            next(app);
        };
    }

    /// <summary>Somebody always stands at the door.</summary>
    private sealed class Crowd : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Door(endpoint));

        private sealed class Door(EndPoint endpoint) : IConnectionListener
        {
            public EndPoint EndPoint => endpoint;

            public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => new(new DefaultConnectionContext());

            public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    /// <summary>A connection to a server that answers what is written with a body; it is read a byte at a time, all of them there already.</summary>
    /// <param name="body">The body of every answer.</param>
    /// <param name="left">What stands on the connection behind the first answer; empty: its end; null: nothing.</param>
    private sealed class ByteByByte(string body, string? left) : ReadOnlyStream
    {
        private readonly Queue<byte> sent = [];
        private TaskCompletionSource<int>? waiting;
        private Memory<byte> room;
        private bool answered;

        public override bool CanWrite => true;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (sent.Count > 0 || (answered && left is ""))
            {
                return new(Next(buffer));
            }

            room = buffer;
            waiting = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(waiting.Task);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            foreach (var character in Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}{left}"))
            {
                sent.Enqueue(character);
            }

            answered = true;
            waiting?.SetResult(Next(room));
            waiting = null;
            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private int Next(Memory<byte> buffer)
        {
            if (!buffer.IsEmpty && sent.TryDequeue(out var next))
            {
                buffer.Span[0] = next;
                return 1;
            }

            return 0;
        }
    }

    private sealed record Connection(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
