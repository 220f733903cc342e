using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Bridge;

/// <summary>A bridge on a port of its own before real processes, what it logs, and a client without manners.</summary>
internal sealed class TestBridge : IAsyncDisposable
{
    public const string Modern = "2026-07-28";
    private static readonly string Python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3"
        : ChildCommand.Find("python3") ?? throw new InvalidOperationException("These tests need python3.");
    private readonly WebApplication app;
    private readonly SocketsHttpHandler handler;

    private TestBridge(WebApplication app, Lines lines, string? socket)
    {
        (this.app, Log) = (app, lines);
        Url = new Uri(socket is null ? BridgeApplication.UrlOf(app) : "http://localhost/mcp");
        handler = HandlerTo(socket);
        Client = new HttpMessageInvoker(handler);
    }

    public Uri Url { get; }

    public HttpMessageInvoker Client { get; }

    /// <summary>What the bridge has logged, the processes' own words included.</summary>
    public Lines Log { get; }

    /// <summary>Connections to a Unix socket, or to where the URL says.</summary>
    public static SocketsHttpHandler HandlerTo(string? socket) => new()
    {
        UseProxy = false,
        ConnectCallback = socket is null ? null : async (_, cancellation) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
            return new NetworkStream(connection, ownsSocket: true);
        },
    };

    /// <summary>Starts a bridge before <c>child.py</c> with these arguments.</summary>
    public static Task<TestBridge> StartAsync(params string[] arguments) => StartAsync(settings => settings, TimeProvider.System, arguments);

    public static async Task<TestBridge> StartAsync(Func<BridgeSettings, BridgeSettings> change, TimeProvider clock, params string[] arguments)
    {
        _ = BridgeAddress.TryParse("http://127.0.0.1:0", out var address);
        var settings = change(new BridgeSettings
        {
            Address = address!,
            Command = new ChildCommand(Python, ["python3", Path.Combine(AppContext.BaseDirectory, "Bridge", "child.py"), .. arguments], ChildCommand.EnvironmentOf([])),
        });
        var lines = new Lines();
        var app = BridgeApplication.Create(settings, clock, builder => builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(lines));
        await app.StartAsync();
        return new TestBridge(app, lines, settings.Address.SocketPath);
    }

    public static JsonObject Request(JsonNode id, string method, JsonObject? parameters = null)
    {
        var request = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method };
        if (parameters is not null)
        {
            request["params"] = parameters;
        }

        return request;
    }

    public static JsonObject ModernRequest(JsonNode id, string method, JsonObject? parameters = null, JsonNode? progressToken = null)
    {
        parameters ??= [];
        var meta = new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = Modern };
        if (progressToken is not null)
        {
            meta["progressToken"] = progressToken;
        }

        parameters["_meta"] = meta;
        return Request(id, method, parameters);
    }

    /// <summary>Sends a message; answers as soon as the headers are there.</summary>
    public Task<HttpResponseMessage> PostAsync(JsonNode message, string? session = null, CancellationToken cancellation = default) =>
        PostAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), session, message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] is null ? null : (string?)message["method"], cancellation);

    public Task<HttpResponseMessage> PostAsync(byte[] body, string? session = null, string? modernMethod = null, CancellationToken cancellation = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (session is not null)
        {
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", session);
        }

        if (modernMethod is not null)
        {
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", Modern);
            request.Headers.TryAddWithoutValidation("Mcp-Method", modernMethod);
        }

        return Client.SendAsync(request, cancellation);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string session)
    {
        var request = new HttpRequestMessage(method, Url);
        request.Headers.TryAddWithoutValidation("Mcp-Session-Id", session);
        return Client.SendAsync(request, default);
    }

    /// <summary>Begins a session; its id.</summary>
    public async Task<string> InitializeAsync()
    {
        using var response = await PostAsync(Request(0, "initialize", new JsonObject { ["protocolVersion"] = "2025-06-18" }));
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    /// <summary>Calls within a session; the result.</summary>
    public async Task<JsonNode> CallAsync(string session, string method, JsonObject? parameters = null, int id = 1)
    {
        using var response = await PostAsync(Request(id, method, parameters), session);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["result"]!;
    }

    /// <summary>The number of the process of a session.</summary>
    public async Task<int> ProcessOfAsync(string session) => (int)(await CallAsync(session, "self"))["pid"]!;

    public static async Task<JsonNode> JsonOfAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public static async Task<EventReader> EventsOfAsync(HttpResponseMessage response) => new(await response.Content.ReadAsStreamAsync());

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        handler.Dispose();
        Client.Dispose();
    }
}

/// <summary>The messages of an event stream, one after the other.</summary>
internal sealed class EventReader(Stream stream) : IDisposable
{
    private readonly StreamReader reader = new(stream, new UTF8Encoding(false, true));

    public void Dispose() => reader.Dispose();

    /// <summary>The next message; null at the end of the stream.</summary>
    public async Task<JsonNode?> NextAsync()
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonNode.Parse(line[6..]);
            }
        }

        return null;
    }
}

/// <summary>A log that can be waited for.</summary>
internal sealed class Lines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly SemaphoreSlim added = new(0);

    public string Text => string.Join('\n', lines);

    /// <summary>The name of an event at which logging fails, as a full disk may make it.</summary>
    public string? FailsAt { get; set; }

    /// <summary>Completes when something of this text has been logged, so many times, now or before.</summary>
    public async Task SaidAsync(string text, int times = 1)
    {
        while (lines.Count(line => line.Contains(text, StringComparison.Ordinal)) < times)
        {
            await added.WaitAsync();
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lines.Enqueue($"{eventId.Name} {formatter(state, exception)}");
        added.Release();
        if (eventId.Name is { } name && name == FailsAt)
        {
            throw new IOException("No space left on device");
        }
    }

    public void Dispose() => added.Dispose();
}
