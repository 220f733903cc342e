using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenExchange.Issuers;
using Xunit;

namespace Gateway.Tests.Harness;

/// <summary>The real gateway on a free loopback port, with its logs and audit events kept for a test to read.</summary>
public sealed class TestGateway : IAsyncDisposable, ILoggerProvider
{
    public const string PublicUrl = "https://mcp.example.com";

    private readonly ConcurrentQueue<(string Category, string Text)> lines = new();
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-test-").FullName;
    private readonly TaskCompletionSource audited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication app = null!;

    /// <summary>The address that the gateway listens on; nothing that a token speaks of.</summary>
    public string Url { get; private set; } = "";

    /// <summary>A client without any default of its own: no redirects, no cookies.</summary>
    public HttpMessageInvoker Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    public IServiceProvider Services => app.Services;

    public string ConfigPath => Path.Combine(directory, "gateway.json");

    public string Directory_ => directory;

    /// <summary>Everything that was logged.</summary>
    public string Log => string.Join('\n', lines.Select(line => $"{line.Category}: {line.Text}"));

    /// <summary>The audit events of requests, in their order.</summary>
    public IReadOnlyList<JsonObject> Audit => [.. Events.Where(line => line["event"]!.GetValue<string>() != "gateway.revocation")];

    /// <summary>The audit events of revocations, in their order.</summary>
    public IReadOnlyList<JsonObject> AuditedRevocations => [.. Events.Where(line => line["event"]!.GetValue<string>() == "gateway.revocation")];

    private IEnumerable<JsonObject> Events => lines.Where(line => line.Category == "Gateway.Audit").Select(line => JsonNode.Parse(line.Text)!.AsObject());

    /// <summary>Done once there is an audit event: some are written when their client is gone.</summary>
    public Task Audited => audited.Task.WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Starts a gateway with this section <c>Gateway</c>, given as JSON; <c>PublicUrl</c> and a short drain are filled in.</summary>
    public static async Task<TestGateway> StartAsync(JsonObject options, TimeProvider? clock = null, Action<WebApplicationBuilder>? configure = null)
    {
        var gateway = new TestGateway();
        gateway.Write(options);
        gateway.app = GatewayApplication.Create(new GatewayStart
        {
            ConfigPath = gateway.ConfigPath,
            Arguments = ["--urls", "http://127.0.0.1:0"],
            Clock = clock ?? TimeProvider.System,
            Configure = builder =>
            {
                builder.Logging.ClearProviders();
                builder.Logging.AddProvider(gateway);
                configure?.Invoke(builder);
            },
        });
        await gateway.app.StartAsync();
        gateway.Url = gateway.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        if (clock is not null)
        {
            await FetchedAsync([.. gateway.app.Services.GetRequiredService<LiveGenerations>().Current.Events.Values.Select(receiver => receiver.Validator.Transmitter.Keys)]);
        }

        return gateway;
    }

    /// <summary>Waits for the keys of an authorization server that answers.</summary>
    public Task FetchedAsync(string issuer) =>
        FetchedAsync([.. app.Services.GetRequiredService<LiveGenerations>().Current.AuthorizationServers.Values.Where(server => server.Settings.Issuer == issuer).Select(server => server.Keys)]);

    /// <summary>A test that moves the clock before keys are there would end their fetch, whose time is up then.</summary>
    private static Task FetchedAsync(IssuerKeys[] keys) =>
        Task.WhenAll(keys.Select(one => one.Fetching)).WaitAsync(SocketClient.Patience, TestContext.Current.CancellationToken);

    /// <summary>Writes the section to the file that the gateway reads.</summary>
    public void Write(JsonObject options) => Write(directory, options);

    /// <summary>Writes the section to the gateway.json of a directory; <c>PublicUrl</c> and a short drain are filled in.</summary>
    public static void Write(string directory, JsonObject options)
    {
        options.TryAdd("PublicUrl", PublicUrl);
        options.TryAdd("DrainDelay", "00:00:00");
        File.WriteAllText(Path.Combine(directory, "gateway.json"), new JsonObject { ["Gateway"] = options.DeepClone() }.ToJsonString());
    }

    /// <summary>Sends a request; a body goes as JSON unless the request says otherwise.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? token = null, string? body = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } };
        }

        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        change?.Invoke(request);
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    /// <summary>Sends a request with a token of the scheme DPoP and these proofs, each on a line of its own.</summary>
    public Task<Answer> SendBoundAsync(HttpMethod method, string path, string token, string[] proofs, string? body = null, Action<HttpRequestMessage>? change = null) =>
        SendAsync(method, path, null, body, request =>
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("DPoP", token);
            foreach (var proof in proofs)
            {
                request.Headers.TryAddWithoutValidation("DPoP", proof);
            }

            change?.Invoke(request);
        });

    /// <summary>Calls a tool at a server.</summary>
    public Task<Answer> CallAsync(string path, string? token, string? body = null, Action<HttpRequestMessage>? change = null) =>
        SendAsync(HttpMethod.Post, path, token, body ?? Messages.Call("echo"), change);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    void IDisposable.Dispose()
    {
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => new Kept(this, categoryName);

    private sealed class Kept(TestGateway owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            owner.lines.Enqueue((category, formatter(state, exception) + (exception is null ? "" : "\n" + exception)));
            if (category == "Gateway.Audit" && eventId.Name != "gateway.revocation")
            {
                owner.audited.TrySetResult();
            }
        }
    }
}

/// <summary>An answer of the gateway, read whole.</summary>
public sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The lines of WWW-Authenticate, one by one.</summary>
    public IReadOnlyList<string> Challenges { get; init; } = [];

    public string? Challenge => Headers.GetValueOrDefault("WWW-Authenticate");

    /// <summary>The reason in the body, of either form.</summary>
    public string? Reason => Json?["reason"]?.GetValue<string>() ?? Json?["error"]?["data"]?["reason"]?.GetValue<string>();

    public JsonNode? Json => Body.Length > 0 && Body[0] == '{' ? JsonNode.Parse(Body) : null;

    public static async Task<Answer> OfAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsStringAsync())
        {
            Challenges = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var lines) ? [.. lines] : [],
        };
    }
}

/// <summary>JSON-RPC messages as clients send them.</summary>
public static class Messages
{
    public static string Call(string tool) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{},"name":"{{{tool}}}"} }""";

    public static string Of(string method) => $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}"}""";
}
