using System.Text.Json.Nodes;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The real program towards an authorization server behind a proxy and with a private authority, as its environment says.</summary>
public sealed class EnvironmentTests : IAsyncDisposable
{
    private const string Host = "login.corp.test";
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-env-").FullName;
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly ConnectProxy proxy = new();
    private readonly TestAuthority authority = new("private root");
    private readonly TestAuthorizationServer issuer;
    private readonly TestMcpServer weather = new();

    /// <summary>The name is one that only a proxy can resolve.</summary>
    public EnvironmentTests() => issuer = new(new() { ServerCertificate = authority.IssueServer(Host) }, Host);

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await issuer.DisposeAsync();
        await weather.DisposeAsync();
        await proxy.DisposeAsync();
        authority.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Metadata_keys_and_exchanges_go_through_the_proxy_and_trust_the_private_authority_and_mcp_servers_do_not()
    {
        await using var gateway = Start(("HTTPS_PROXY", proxy.Url), ("HTTP_PROXY", proxy.Url), ("SSL_CERT_FILE", Path.Combine(directory, "authority.pem")));

        Assert.Equal((200, null), await CallAsync(gateway));
        Assert.Single(weather.Requests);
        Assert.NotEmpty(proxy.Requests);
        Assert.All(proxy.Requests, request => Assert.Equal($"CONNECT {Host}:{issuer.Port} HTTP/1.1", request));
    }

    [Fact]
    public async Task What_no_proxy_names_is_asked_without_it()
    {
        await using var gateway = Start(("HTTPS_PROXY", proxy.Url), ("NO_PROXY", ".corp.test"), ("SSL_CERT_FILE", Path.Combine(directory, "authority.pem")));

        // Nobody but the proxy knows the name.
        Assert.Equal((503, "keys_unavailable"), await CallAsync(gateway));
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Without_the_authority_the_server_is_not_believed()
    {
        await using var gateway = Start(("HTTPS_PROXY", proxy.Url));

        Assert.Equal((503, "keys_unavailable"), await CallAsync(gateway));
        Assert.NotEmpty(proxy.Requests);
    }

    [Theory]
    [InlineData("jwks_uri", "keys_unavailable")]
    [InlineData("token_endpoint", "exchange_unavailable")]
    public async Task Https_metadata_leads_to_http_nowhere(string member, string reason)
    {
        await using var plain = new TestAuthorizationServer();
        issuer.ChangeMetadata = metadata => metadata[member] = plain.Issuer + "/jwks";
        await using var gateway = Start(keys: reason == "keys_unavailable" ? null : issuer.Issuer + "/jwks", ("HTTPS_PROXY", proxy.Url), ("SSL_CERT_FILE", Path.Combine(directory, "authority.pem")));

        Assert.Equal((503, reason), await CallAsync(gateway));
        Assert.Equal(0, plain.MostConnections);
        Assert.Empty(weather.Requests);
    }

    private GatewayProcess Start(params (string Name, string Value)[] environment) => Start(null, environment);

    private GatewayProcess Start(string? keys, params (string Name, string Value)[] environment)
    {
        File.WriteAllText(Path.Combine(directory, "authority.pem"), authority.Pem);
        var options = new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject
            {
                ["corp"] = new JsonObject
                {
                    ["Issuer"] = issuer.Issuer,
                    ["JwksUrl"] = keys,
                    ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = "s3cret" },
                },
            },
            ["Servers"] = new JsonObject
            {
                ["weather"] = new JsonObject
                {
                    ["Destinations"] = new JsonArray(weather.Url),
                    ["Outbound"] = new JsonObject { ["Mode"] = "exchange", ["AuthorizationServer"] = "corp", ["Resource"] = "https://weather.internal/mcp" },
                },
            },
        };
        var variables = new Dictionary<string, string>();
        foreach (var name in (string[])["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"])
        {
            variables[name] = "";
        }

        foreach (var (name, value) in environment)
        {
            variables[name] = variables[name.ToLowerInvariant()] = value;
        }

        return GatewayProcess.Serve(directory, options, variables);
    }

    private Task<(int Status, string? Reason)> CallAsync(GatewayProcess gateway) =>
        gateway.CallAsync(client, TokenForge.AccessToken(TestKeys.Es256, issuer.Issuer, "https://mcp.example.com/weather", TimeProvider.System.GetUtcNow()));
}
