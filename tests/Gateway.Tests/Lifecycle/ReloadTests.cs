using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using Xunit;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Tests.Lifecycle;

public sealed class ReloadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_changed_file_is_served_from_the_next_look_on()
    {
        await using var world = await StartAsync();
        Write(world, options => options["Servers"]!.AsObject().Remove("notes"));
        Poll(world);

        Assert.Equal(2, LiveGenerations(world).Current.Number);
        Assert.Equal(404, (await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource))).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task What_check_warns_of_is_logged_at_the_start_and_after_a_change_and_once_while_it_stands()
    {
        await using var world = await StartAsync();
        Assert.Equal(1, Count(world, "warning: secret-inline"));
        Assert.Equal(0, Count(world, "warning: resource-uris"));

        Write(world, options => options["Servers"]!["weather"]!["ResourceUris"] = "as-is");
        Poll(world);
        Write(world, options => options["Servers"]!["weather"]!["ResourceUris"] = "strict");
        Poll(world);
        Write(world, options => options["Servers"]!["weather"]!["ResourceUris"] = "as-is");
        Poll(world);

        Assert.Equal(4, LiveGenerations(world).Current.Number);
        Assert.Equal(1, Count(world, "warning: secret-inline"));
        Assert.Equal(2, Count(world, "warning: resource-uris"));

        static int Count(World world, string text) => world.Gateway.Log.Split(text).Length - 1;
    }

    [Fact]
    public async Task An_unchanged_file_makes_no_generation()
    {
        await using var world = await StartAsync();
        Poll(world);
        Poll(world);

        Assert.Equal(1, LiveGenerations(world).Current.Number);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{\"Gateway\":{}}")]
    public async Task A_bad_file_changes_nothing_and_is_told_with_its_place(string text)
    {
        await using var world = await StartAsync();
        await File.WriteAllTextAsync(world.Gateway.ConfigPath, text, Cancellation);
        Poll(world);

        Assert.Equal(1, LiveGenerations(world).Current.Number);
        Assert.NotEmpty(State(world).Problems);
        Assert.All(State(world).Problems, problem => Assert.Contains("gateway.json", problem, StringComparison.Ordinal));
        Assert.All(State(world).Problems, problem => Assert.Contains(problem, world.Gateway.Log, StringComparison.Ordinal));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task A_file_that_is_taken_away_changes_nothing_and_is_told_at_the_second_look()
    {
        await using var world = await StartAsync();
        var text = await File.ReadAllTextAsync(world.Gateway.ConfigPath, Cancellation);
        File.Delete(world.Gateway.ConfigPath);
        Poll(world);
        Assert.Empty(State(world).Problems);
        Poll(world);

        Assert.Equal(1, LiveGenerations(world).Current.Number);
        Assert.Contains("unreadable", Assert.Single(State(world).Problems), StringComparison.Ordinal);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);

        await File.WriteAllTextAsync(world.Gateway.ConfigPath, text, Cancellation);
        Poll(world);
        Assert.Empty(State(world).Problems);
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_the_file_is_not_waited_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no named pipes in directories");
        await using var world = await StartAsync();
        var text = await File.ReadAllTextAsync(world.Gateway.ConfigPath, Cancellation);
        File.Delete(world.Gateway.ConfigPath);
        using var make = System.Diagnostics.Process.Start("mkfifo", world.Gateway.ConfigPath);
        await make.WaitForExitAsync(Cancellation);
        await Task.Run(() => Poll(world), Cancellation).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.Contains("is empty", Assert.Single(State(world).Problems), StringComparison.Ordinal);

        File.Delete(world.Gateway.ConfigPath);
        await File.WriteAllTextAsync(world.Gateway.ConfigPath, text, Cancellation);
        Poll(world);
        Assert.Empty(State(world).Problems);
    }

    [Fact]
    public async Task A_refused_file_is_tried_again_when_what_it_lacked_may_have_come()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock);
        var keys = Path.Combine(world.Gateway.Directory_, "session.keys");
        Write(world, options => options["SessionKeyFile"] = keys);
        Poll(world);
        Assert.Contains("file-missing", Assert.Single(State(world).Problems), StringComparison.Ordinal);

        WriteSecret(keys, Convert.ToBase64String(new byte[32]));
        clock.Advance(TimeSpan.FromSeconds(10));
        Poll(world);

        Assert.Empty(State(world).Problems);
        Assert.Equal(2, LiveGenerations(world).Current.Number);
    }

    [Fact]
    public async Task New_session_keys_are_a_new_generation()
    {
        await using var world = await StartAsync();
        var keys = Path.Combine(world.Gateway.Directory_, "session.keys");
        WriteSecret(keys, Convert.ToBase64String(new byte[32]));
        Write(world, options => options["SessionKeyFile"] = keys);
        Poll(world);
        Poll(world);
        Assert.Equal(2, LiveGenerations(world).Current.Number);

        WriteSecret(keys, Convert.ToBase64String([.. Enumerable.Repeat((byte)7, 32)]));
        Poll(world);
        Assert.Equal(3, LiveGenerations(world).Current.Number);

        WriteSecret(keys, "not a key");
        Poll(world);
        Assert.Equal(3, LiveGenerations(world).Current.Number);
        Assert.NotEmpty(State(world).Problems);
    }

    [Fact]
    public async Task Session_keys_that_change_while_another_file_of_them_comes_into_use_are_seen()
    {
        await using var world = await StartAsync();
        var keys = Path.Combine(world.Gateway.Directory_, "session.keys");
        WriteSecret(keys, Convert.ToBase64String(new byte[32]));
        Write(world, options => options["SessionKeyFile"] = keys);
        var poller = Environment.CurrentManagedThreadId;
        using (var listener = new MeterListener { InstrumentPublished = static (instrument, listener) => Listen(instrument, listener) })
        {
            // Counted when the generation is there and before the reload has ended, on the thread that polls.
            listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
            {
                if (Environment.CurrentManagedThreadId == poller)
                {
                    WriteSecret(keys, Convert.ToBase64String([.. Enumerable.Repeat((byte)7, 32)]));
                }
            });
            listener.Start();
            Poll(world);
        }

        Assert.Equal(2, LiveGenerations(world).Current.Number);
        Poll(world);
        Assert.Equal(3, LiveGenerations(world).Current.Number);
        Poll(world);
        Assert.Equal(3, LiveGenerations(world).Current.Number);

        static void Listen(Instrument instrument, MeterListener listener)
        {
            if (instrument.Name == "gateway.config.reloads")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        }
    }

    [Fact]
    public async Task The_symbolic_link_that_Kubernetes_swaps_is_seen()
    {
        await using var world = await StartAsync();
        var directory = world.Gateway.Directory_;
        var text = await File.ReadAllTextAsync(world.Gateway.ConfigPath, Cancellation);
        Directory.CreateDirectory(Path.Combine(directory, "..1"));
        Directory.CreateDirectory(Path.Combine(directory, "..2"));
        await File.WriteAllTextAsync(Path.Combine(directory, "..1", "gateway.json"), text, Cancellation);
        var changed = JsonNode.Parse(text)!;
        changed["Gateway"]!["Servers"]!.AsObject().Remove("notes");
        await File.WriteAllTextAsync(Path.Combine(directory, "..2", "gateway.json"), changed.ToJsonString(), Cancellation);
        Directory.CreateSymbolicLink(Path.Combine(directory, "..data"), "..1");
        File.Delete(world.Gateway.ConfigPath);
        File.CreateSymbolicLink(world.Gateway.ConfigPath, Path.Combine("..data", "gateway.json"));
        Poll(world);
        Assert.Equal(1, LiveGenerations(world).Current.Number);

        // Not at once as there, but no look comes in between.
        Directory.Delete(Path.Combine(directory, "..data"));
        Directory.CreateSymbolicLink(Path.Combine(directory, "..data"), "..2");
        Poll(world);

        Assert.Equal(2, LiveGenerations(world).Current.Number);
        Assert.Single(LiveGenerations(world).Current.Servers);
    }

    [Theory]
    [InlineData("Gateway:DrainDelay", "DrainDelay", "\"00:00:07\"")]
    [InlineData("Gateway:Cache", "Cache", "{\"Capacity\":5}")]
    [InlineData("Gateway:TrustedProxies", "TrustedProxies", "[\"10.0.0.0/8\"]")]
    [InlineData("Gateway:Audit", "Audit", "{\"OnFull\":\"drop\"}")]
    public async Task What_belongs_to_the_process_is_named_when_it_changes(string named, string key, string value)
    {
        await using var world = await StartAsync();
        Write(world, options => options[key] = JsonNode.Parse(value));
        Poll(world);

        Assert.Equal(2, LiveGenerations(world).Current.Number);
        Assert.Contains(named + " was changed; it belongs to the process", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Management={'Url':'http://127.0.0.1:9090'}", "Management={'Url':'http://127.0.0.1:9090','AllowedHosts':['gateway.mcp.svc']}", "Gateway:Management")]
    [InlineData("Management={'Url':'http://127.0.0.1:9090'}", "Management={'Url':'http://127.0.0.1:9090','Page':true}", "Gateway:Management")]
    [InlineData("Management={'Url':'http://127.0.0.1:9090'}", "Management={'Url':'http://127.0.0.1:9090'}", null)]
    public void Every_member_of_a_section_of_the_process_counts(string before, string after, string? named) => Assert.Equal(
        named is null ? [] : [named],
        new ReloadState(Configuration.Given.Loaded(Configuration.Given.Changed(before)), seen: null).NeedRestart(Configuration.Given.Loaded(Configuration.Given.Changed(after))));

    [Fact]
    public async Task A_request_that_waits_for_its_exchange_goes_where_its_own_generation_says()
    {
        await using var world = await StartAsync();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = HeldExchange(world, asked, go);
        var call = world.Gateway.CallAsync("/weather", world.WeatherToken());
        await asked.Task.WaitAsync(Cancellation);

        // Another destination and another connection to the authorization server: the old one is let go of.
        Write(world, options =>
        {
            options["Servers"]!["weather"]!["Destinations"] = new JsonArray(world.Notes.Url);
            options["Servers"]!["notes"]!["Destinations"] = new JsonArray(world.Weather.Url);
            options["AuthorizationServers"]!["corp"]!["Timeout"] = "00:00:04";
        });
        Poll(world);
        Assert.Equal(2, LiveGenerations(world).Current.Number);
        waiting();

        Assert.Equal(200, (await call).Status);
        Assert.Single(world.Weather.Requests);
        Assert.Empty(world.Notes.Requests);
    }

    [Fact]
    public async Task A_stream_survives_a_reload()
    {
        await using var world = await StartAsync();
        TaskCompletionSource reloaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await reloaded.Task;
            await context.Response.WriteAsync("data: 2\n\n");
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = new StringContent(Messages.Call("echo"), System.Text.Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + world.WeatherToken());
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using var client = new HttpClient(new SocketsHttpHandler());
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal("data: 1", await reader.ReadLineAsync(Cancellation));

        Write(world, options => options["Servers"]!.AsObject().Remove("weather"));
        Poll(world);
        Assert.Equal(404, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        reloaded.SetResult();

        Assert.Equal("", await reader.ReadLineAsync(Cancellation));
        Assert.Equal("data: 2", await reader.ReadLineAsync(Cancellation));
    }

    [Fact]
    public async Task No_request_fails_while_the_configuration_is_swapped_under_load()
    {
        await using var world = await StartAsync();
        var done = false;
        var statuses = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var seen = new HashSet<int>();
            while (!Volatile.Read(ref done))
            {
                seen.Add((await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
            }

            return seen;
        })).ToArray();
        for (var i = 1; i <= 40; i++)
        {
            Write(world, options => options["Servers"]!["weather"]!["MaxRequestBody"] = 100_000 + i);
            Poll(world);
            await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource));
        }

        Volatile.Write(ref done, true);
        foreach (var seen in statuses)
        {
            Assert.Equal([200], await seen);
        }

        Assert.Equal(41, LiveGenerations(world).Current.Number);
    }

    [Fact]
    public async Task Five_hundred_reloads_leave_nothing_behind()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock);
        var pool = world.Gateway.Services.GetRequiredService<RuntimePool>();
        var old = new List<WeakReference>();
        for (var i = 1; i <= 500; i++)
        {
            Write(world, options => options["AuthorizationServers"]!["corp"]!["Timeout"] = TimeSpan.FromMilliseconds(1000 + i).ToString());
            Remember(world, old);
            world.Gateway.Services.GetRequiredService<Reload>().Poll();
        }

        Assert.Equal(501, LiveGenerations(world).Current.Number);
        Assert.Equal(501, pool.Count);

        // Its keys are there, so that no time-out of their fetch is among what comes due.
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.As.Token(World.WeatherResource))).Status);
        clock.Advance(RuntimePool.Grace);

        // Where another thread sets a timer at this very moment, it is that thread which fires those that are due.
        SpinWait.SpinUntil(() => pool.Count == 1, TimeSpan.FromSeconds(30));
        Assert.Equal(1, pool.Count);
        Assert.Equal(2, world.Gateway.Services.GetRequiredService<Yarp.ReverseProxy.IProxyStateLookup>().GetClusters().Count());
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.As.Token(World.WeatherResource))).Status);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.InRange(old.Count(generation => generation.IsAlive), 0, 20);
    }

    [Fact]
    public async Task A_request_that_arrives_while_the_routes_change_is_judged_by_those_of_before_and_does_not_wait_for_them()
    {
        var routes = new RouteChanges();
        await using var world = await StartAsync(configure: routes.AddTo);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Write(world, options => options["Servers"]!.AsObject().Remove("notes"));
        routes.Hold();
        var reload = Task.Factory.StartNew(() => Poll(world), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await routes.Changing.WaitAsync(SocketClient.Patience, Cancellation);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken()).WaitAsync(SocketClient.Patience, Cancellation);

        Assert.Equal((200, 1), (answer.Status, LiveGenerations(world).Current.Number));
        routes.Release();
        await reload.WaitAsync(SocketClient.Patience, Cancellation);
        Assert.Equal(2, LiveGenerations(world).Current.Number);
        Assert.Equal(404, (await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource))).Status);
    }

    [Fact]
    public async Task Routes_that_YARP_cannot_apply_change_nothing_and_are_told()
    {
        var routes = new RouteChanges();
        await using var world = await StartAsync(configure: routes.AddTo);
        Write(world, options => options["Servers"]!.AsObject().Remove("notes"));
        routes.Fault = new InvalidOperationException("no such routes");
        Poll(world);

        Assert.Equal(1, LiveGenerations(world).Current.Number);
        Assert.Contains("cannot be applied", Assert.Single(State(world).Problems), StringComparison.Ordinal);
        Assert.Equal(200, (await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource)).WaitAsync(SocketClient.Patience, Cancellation)).Status);

        routes.Fault = null;
        Write(world, options => options["Servers"]!.AsObject().Remove("weather"));
        Poll(world);

        Assert.Equal(404, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource))).Status);
    }

    [Fact]
    public async Task Routes_that_YARP_cannot_apply_leave_limits_and_keys_as_they_were()
    {
        var routes = new RouteChanges();
        var keys = Path.Combine(Scratch.Directory("gateway-test-"), "session.keys");
        WriteSecret(keys, Convert.ToBase64String(new byte[32]));
        void Options(JsonObject options, string maxAge)
        {
            options["SessionKeyFile"] = keys;
            options["SharedState"] = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray("127.0.0.1:9"), ["Tls"] = false } };
            options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["MaxAge"] = maxAge };
        }

        await using var world = await World.StartAsync(options => Options(options, "00:01:00"), new ManualClock(), routes.AddTo);
        var revocations = world.Gateway.Services.GetRequiredService<Revocations>();
        var ages = world.Gateway.Services.GetRequiredService<RuntimePool>().Ages(World.WeatherResource, TimeSpan.FromSeconds(60));
        var before = revocations.Keys;
        WriteSecret(keys, Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)]));
        Write(world, options => Options(options, "00:02:00"));
        routes.Fault = new InvalidOperationException("no such routes");
        Poll(world);

        Assert.Equal(1, LiveGenerations(world).Current.Number);
        Assert.Same(before, revocations.Keys);
        Assert.Equal(TimeSpan.FromSeconds(60), ages.MaxAge);

        routes.Fault = null;
        WriteSecret(keys, Convert.ToBase64String([.. Enumerable.Repeat((byte)2, 32)]));
        Poll(world);

        Assert.NotSame(before, revocations.Keys);
        Assert.Equal(TimeSpan.FromSeconds(120), ages.MaxAge);
    }

    private static Action HeldExchange(World world, TaskCompletionSource asked, TaskCompletionSource go)
    {
        world.As.ChangeToken = (_, _) =>
        {
            asked.TrySetResult();
            go.Task.Wait(Cancellation);
        };
        return () => go.TrySetResult();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Remember(World world, List<WeakReference> generations) => generations.Add(new WeakReference(LiveGenerations(world).Current));

    private static Task<World> StartAsync(ManualClock? clock = null, Action<WebApplicationBuilder>? configure = null) => World.StartAsync(clock: clock ?? new ManualClock(), configure: configure);

    private static LiveGenerations LiveGenerations(World world) => world.Gateway.Services.GetRequiredService<LiveGenerations>();

    private static ReloadState State(World world) => world.Gateway.Services.GetRequiredService<ReloadState>();

    private static void Poll(World world) => world.Gateway.Services.GetRequiredService<Reload>().Poll();

    private static void WriteSecret(string path, string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private static void Write(World world, Action<JsonObject> change)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        change(options);
        world.Gateway.Write(options);
    }

    /// <summary>What YARP asks while it changes its routes: it waits there, or fails.</summary>
    private sealed class RouteChanges : IProxyConfigFilter
    {
        private readonly TaskCompletionSource changing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool held;

        public Task Changing => changing.Task;

        public Exception? Fault { get; set; }

        public void AddTo(WebApplicationBuilder builder) => builder.Services.AddSingleton<IProxyConfigFilter>(this);

        public void Hold() => held = true;

        public void Release() => released.TrySetResult();

        public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
        {
            if (held)
            {
                changing.TrySetResult();
                released.Task.Wait(SocketClient.Patience, Cancellation);
            }

            return Fault is null ? new(cluster) : throw Fault;
        }

        public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) => new(route);
    }
}
