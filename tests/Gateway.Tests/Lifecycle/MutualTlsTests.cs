using System.Text.Json.Nodes;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary><c>tls_client_auth</c> (RFC 8705) by the real program, over TLS that demands a certificate and is really verified.</summary>
public sealed class MutualTlsTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-mtls-").FullName;
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly MutualTlsServer server = new();
    private readonly TestMcpServer weather = new();
    private int subjects;

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
        await weather.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task The_certificate_is_the_credential_and_a_rotated_one_takes_its_place()
    {
        var (first, second) = (MutualTlsServer.ClientPair("first"), MutualTlsServer.ClientPair("second"));
        server.Registered[first.Thumbprint] = server.Registered[second.Thumbprint] = 1;
        Write(first);
        await using var gateway = Start();

        Assert.Equal((200, null), await CallAsync(gateway));
        var asked = Assert.Single(server.Asked);
        Assert.Equal(first.Thumbprint, asked.Thumbprint);
        Assert.Equal("mcp-gateway", asked.Form["client_id"]);
        Assert.False(asked.Header);
        Assert.DoesNotContain(asked.Form.Keys, name => name is "client_secret" or "client_assertion");

        // Looked at when it is used, at most once a second: each call is another subject and so another exchange.
        Write(second);
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (server.Asked.Last().Thumbprint != second.Thumbprint)
        {
            tooLong.Token.ThrowIfCancellationRequested();
            Assert.Equal((200, null), await CallAsync(gateway));
        }
    }

    [Fact]
    public async Task The_endpoints_that_metadata_names_for_certificates_are_asked_with_one()
    {
        var pair = MutualTlsServer.ClientPair("client");
        server.Registered[pair.Thumbprint] = 1;
        server.NameAliases();
        Write(pair);
        await using var gateway = Start(corp => corp.Remove("TokenEndpoint"));

        Assert.Equal((200, null), await CallAsync(gateway));
        Assert.Equal(pair.Thumbprint, Assert.Single(server.Asked).Thumbprint);
        Assert.Equal(0, server.AskedOpenly);

        await using var doctor = GatewayProcess.Start(directory, Environment, "doctor");
        await doctor.ExitAsync();
        Assert.Contains($"note  weather token endpoint: {server.TokenEndpoint}, by mtls_endpoint_aliases of the metadata", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_is_the_endpoint_that_it_names_for_introspection()
    {
        var pair = MutualTlsServer.ClientPair("client");
        server.NameAliases();
        Write(pair);
        await using var gateway = Start(corp => corp["Introspection"] = new JsonObject { ["Mode"] = "always" });

        Assert.Equal((401, "inactive"), await CallAsync(gateway));
        Assert.Equal(pair.Thumbprint, Assert.Single(server.Introspected));
    }

    [Fact]
    public async Task A_client_without_a_certificate_does_not_ask_them()
    {
        server.NameAliases();
        await using var gateway = Start(corp =>
        {
            corp.Remove("TokenEndpoint");
            corp["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_post", ["Secret"] = "s3cret" };
        });

        Assert.Equal((200, null), await CallAsync(gateway));
        Assert.Empty(server.Asked);
        Assert.Equal(1, server.AskedOpenly);
    }

    [Fact]
    public async Task A_configured_token_endpoint_goes_before_them()
    {
        var pair = MutualTlsServer.ClientPair("client");
        server.Registered[pair.Thumbprint] = 1;
        server.NameAliases("https://127.0.0.1:9/token");
        Write(pair);
        await using var gateway = Start();

        Assert.Equal((200, null), await CallAsync(gateway));
        Assert.Single(server.Asked);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/token")]
    [InlineData("https://user@127.0.0.1:9/token")]
    [InlineData("/token")]
    public async Task Metadata_that_names_an_endpoint_for_certificates_that_may_not_be_asked_is_refused_whole(string token)
    {
        var pair = MutualTlsServer.ClientPair("client");
        server.Registered[pair.Thumbprint] = 1;
        server.NameAliases(token);
        Write(pair);
        await using var gateway = Start(corp =>
        {
            corp.Remove("TokenEndpoint");
            corp["JwksUrl"] = server.Issuer + "/jwks";
        });

        Assert.Equal((503, "exchange_unavailable"), await CallAsync(gateway));
        Assert.Equal(0, server.AskedOpenly);
    }

    [Fact]
    public async Task A_certificate_that_is_not_registered_is_the_gateways_fault_and_no_outage()
    {
        Write(MutualTlsServer.ClientPair("unknown"));
        await using var gateway = Start();

        Assert.Equal((502, "exchange_misconfigured"), await CallAsync(gateway));
        Assert.Equal((502, "exchange_misconfigured"), await CallAsync(gateway));

        Assert.Single(server.Asked);
        Assert.Empty(weather.Requests);
    }

    [Fact]
    public async Task A_result_that_is_bound_to_the_certificate_is_not_passed_off_as_a_bearer_token()
    {
        var pair = MutualTlsServer.ClientPair("bound");
        server.Registered[pair.Thumbprint] = 1;
        server.BindsResults = true;
        Write(pair);
        await using var gateway = Start();

        Assert.Equal((502, "exchange_result_rejected"), await CallAsync(gateway));
        Assert.Empty(weather.Requests);
    }

    [Fact]
    public async Task Nobody_is_asked_with_a_key_of_another_certificate()
    {
        var (one, other) = (MutualTlsServer.ClientPair("one"), MutualTlsServer.ClientPair("other"));
        Write((one.Certificate, other.Key, ""));
        await using var gateway = Start();

        Assert.Equal((502, "exchange_misconfigured"), await CallAsync(gateway));
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task Intermediates_in_the_file_are_presented_to_a_server_that_knows_the_root_alone()
    {
        using var root = new TestAuthority("root");
        using var upper = new TestAuthority("upper", root);
        using var lower = new TestAuthority("lower", upper);
        var pair = lower.Issue("mcp-gateway");
        server.ClientRoot = root.Certificate;
        server.Registered[pair.Thumbprint] = 1;
        Write(pair with { Certificate = pair.Certificate + lower.Pem + upper.Pem });
        await using var gateway = Start();

        Assert.Equal((200, null), await CallAsync(gateway));
        Assert.Equal(pair.Thumbprint, Assert.Single(server.Asked).Thumbprint);
    }

    [Fact]
    public async Task A_chain_that_does_not_reach_the_root_does_not_reach_the_token_endpoint()
    {
        using var root = new TestAuthority("root");
        using var intermediate = new TestAuthority("intermediate", root);
        var pair = intermediate.Issue("mcp-gateway");
        server.ClientRoot = root.Certificate;
        server.Registered[pair.Thumbprint] = 1;
        Write(pair);
        await using var gateway = Start();

        Assert.Equal((503, "exchange_unavailable"), await CallAsync(gateway));
        Assert.Empty(server.Asked);
        Assert.Empty(weather.Requests);
    }

    private GatewayProcess Start(Action<JsonObject>? change = null)
    {
        File.WriteAllText(Path.Combine(directory, "authority.pem"), server.Authority);
        var options = new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject
            {
                ["corp"] = new JsonObject
                {
                    ["Issuer"] = server.Issuer,
                    ["TokenEndpoint"] = server.TokenEndpoint,
                    ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "tls_client_auth", ["CertificateFile"] = Path.Combine(directory, "client.crt"), ["KeyFile"] = Path.Combine(directory, "client.pem") },
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
        change?.Invoke(options["AuthorizationServers"]!["corp"]!.AsObject());
        return GatewayProcess.Serve(directory, options, Environment);
    }

    private Dictionary<string, string> Environment => new() { ["SSL_CERT_FILE"] = Path.Combine(directory, "authority.pem") };

    private void Write((string Certificate, string Key, string Thumbprint) pair)
    {
        File.WriteAllText(Path.Combine(directory, "client.crt"), pair.Certificate);
        var key = Path.Combine(directory, "client.pem");
        File.WriteAllText(key, pair.Key);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>Calls a tool with the token of a new session, for which nothing is remembered yet.</summary>
    private Task<(int Status, string? Reason)> CallAsync(GatewayProcess gateway) =>
        gateway.CallAsync(client, TokenForge.AccessToken(TestKeys.Es256, server.Issuer, "https://mcp.example.com/weather", TimeProvider.System.GetUtcNow(), (_, payload) => payload["jti"] = $"session-{subjects++}"));
}
