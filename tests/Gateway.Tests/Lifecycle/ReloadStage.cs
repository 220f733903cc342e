using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The real program on files that are mounted as Kubernetes mounts them, and what stands around it.</summary>
internal sealed class ReloadStage : IAsyncDisposable
{
    public const string LocalPath = "/local";

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-reload-").FullName;
    private readonly Mount mount;

    private ReloadStage() => mount = new Mount(Path.Combine(directory, "mount"));

    public required TestAuthorizationServer As { get; init; }

    public required TestMcpServer Mcp { get; init; }

    public GatewayProcess Program { get; private set; } = null!;

    public string Url { get; private set; } = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Keys => Path.Combine(directory, "signing");

    /// <summary>Starts it at generation 1.</summary>
    public static async Task<ReloadStage> StartAsync(params (string Name, string Value)[] environment)
    {
        var stage = new ReloadStage { As = new TestAuthorizationServer(), Mcp = new TestMcpServer() };
        Assert.Equal(0, (await GatewayProcess.RunAsync(stage.directory, "keys", "new", "--directory", stage.Keys)).Exit);
        stage.mount.Write("client.secret", "secret-1");
        stage.mount.Write("session.keys", SessionKey(1));
        stage.Write(1);
        stage.Program = GatewayProcess.Start(stage.directory, environment.ToDictionary(variable => variable.Name, variable => variable.Value), "run", "--config", stage.mount.PathOf("gateway.json"), "--urls=http://127.0.0.1:0");
        stage.Url = await stage.Program.Listening.WaitAsync(Cancellation);
        return stage;
    }

    /// <summary>A configuration that differs from the one before in every part that a generation is built of.</summary>
    public void Write(int number) => mount.Write("gateway.json", Configuration(number));

    /// <summary>A configuration that is refused with this word.</summary>
    public void WriteBad(string word) => mount.Write("gateway.json", Configuration(0).Replace("MaxRequestBody", word, StringComparison.Ordinal));

    /// <summary>The next session keys: a new one signs, the one before still verifies.</summary>
    public void WriteSessionKeys(int number) => mount.Write("session.keys", SessionKey(number) + SessionKey(number - 1));

    public void WriteSecret(int number) => mount.Write("client.secret", string.Create(CultureInfo.InvariantCulture, $"secret-{number}"));

    public static string JwksPath(int number) => IssuerPath(number) + "/jwks";

    /// <summary>Adds a signing key.</summary>
    public async Task AddSigningKeyAsync() => Assert.Equal(0, (await GatewayProcess.RunAsync(directory, "keys", "new", "--directory", Keys)).Exit);

    public Task AppliedAsync(int generation) => Program.SaidAsync(string.Create(CultureInfo.InvariantCulture, $"Configuration applied as generation {generation}\n"));

    /// <summary>A token that nobody has presented before: its hop token is in no cache.</summary>
    public string Token(string path) => As.Token(TestGateway.PublicUrl + path, (_, payload) => payload["jti"] = Guid.NewGuid().ToString());

    public HttpRequestMessage Request(HttpMethod method, string path, string token)
    {
        var request = new HttpRequestMessage(method, Url + path) { Content = method == HttpMethod.Post ? new StringContent(Messages.Call("echo"), Encoding.UTF8, "application/json") : null };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        if (Program is { } program)
        {
            await program.DisposeAsync();
        }

        await As.DisposeAsync();
        await Mcp.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private static string IssuerPath(int number) => number % 2 == 0 ? "/hop/even" : "/hop/odd";

    private static string SessionKey(int number) => Convert.ToBase64String([.. Enumerable.Repeat((byte)number, 32)]) + "\n";

    private string Configuration(int number)
    {
        var options = World.Options(As, Mcp, Mcp);
        options["PublicUrl"] = TestGateway.PublicUrl;
        options["DrainDelay"] = "00:00:00";
        options["SessionKeyFile"] = mount.PathOf("session.keys");
        options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + IssuerPath(number), ["KeyDirectory"] = Keys };
        var corp = options["AuthorizationServers"]!["corp"]!;
        corp["Timeout"] = TimeSpan.FromSeconds(20 + (number % 3)).ToString();
        corp["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["SecretFile"] = mount.PathOf("client.secret") };
        var servers = options["Servers"]!.AsObject();
        servers.Remove("notes");
        servers["weather"]!["MaxRequestBody"] = 100_000 + number;
        servers["weather"]!["Cluster"] = new JsonObject { ["HttpClient"] = new JsonObject { ["MaxConnectionsPerServer"] = 1000 + (number % 2) } };
        servers["local"] = new JsonObject { ["Destinations"] = new JsonArray(Mcp.Url), ["Outbound"] = new JsonObject { ["Mode"] = "local", ["Resource"] = "https://local.internal/mcp" } };
        return new JsonObject { ["Gateway"] = options }.ToJsonString();
    }
}
