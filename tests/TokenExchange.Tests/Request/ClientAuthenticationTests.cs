using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>How the gateway says who it is.</summary>
public sealed class ClientAuthenticationTests : IDisposable
{
    private readonly SecretDirectory files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData("mcp-gateway", "s3cret", "mcp-gateway:s3cret")]
    [InlineData("https://gateway.example/id", "a:b c+d%e&f=ü~", "https%3A%2F%2Fgateway.example%2Fid:a%3Ab+c%2Bd%25e%26f%3D%C3%BC~")]
    public async Task Client_secret_basic_form_encodes_id_and_secret_before_base64(string id, string secret, string credentials)
    {
        var post = await PostAsync(new ClientSettings { Id = id, Authentication = ClientAuthenticationMethod.ClientSecretBasic, Secret = new ClientSecret(secret) });

        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)), post.Header("Authorization"));
        Assert.Null(post["client_id"]);
        Assert.Null(post["client_secret"]);
    }

    [Fact]
    public async Task Client_secret_post_puts_id_and_secret_into_the_form()
    {
        var post = await PostAsync(new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretPost, Secret = new ClientSecret("a b&c=ü") });

        Assert.Equal("mcp-gateway", post["client_id"]);
        Assert.Equal("a b&c=ü", post["client_secret"]);
        Assert.Null(post.Header("Authorization"));
    }

    [Theory]
    [InlineData(AssertionType.JwtBearer, "jwt-bearer")]
    [InlineData(AssertionType.JwtSpiffe, "jwt-spiffe")]
    public async Task A_ready_assertion_is_called_what_the_configuration_calls_it(AssertionType type, string name)
    {
        var post = await PostAsync(new ClientSettings { Id = "spiffe://corp.example/gateway", Authentication = ClientAuthenticationMethod.AssertionFile, AssertionFile = files.Write("svid", "ey.svid.x"), AssertionType = type });

        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:" + name, post["client_assertion_type"]);
        Assert.Equal("ey.svid.x", post["client_assertion"]);
        Assert.Equal("spiffe://corp.example/gateway", post["client_id"]);
    }

    [Theory]
    [InlineData(ClientAuthenticationMethod.ClientSecretBasic)]
    [InlineData(ClientAuthenticationMethod.ClientSecretPost)]
    public async Task A_secret_that_is_no_text_is_misconfigured_and_nothing_is_sent(ClientAuthenticationMethod method)
    {
        var path = files.Write("secret", "s3cret");
        await File.WriteAllBytesAsync(path, [.. "s3cret"u8, 0xff, 0xfe]);

        await AssertMisconfiguredAsync(new ClientSettings { Id = "c", Authentication = method, SecretFile = path }, "SecretFile does not hold what it should");
    }

    [Fact]
    public async Task None_says_the_client_id_alone()
    {
        var post = await PostAsync(new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.None });

        Assert.Equal("mcp-gateway", post["client_id"]);
        Assert.DoesNotContain(post.Form, pair => pair.Key is "client_secret" or "client_assertion");
        Assert.Null(post.Header("Authorization"));
    }

    [Theory]
    [InlineData("ES256", "rfc8693", "ES256")]
    [InlineData("ES384", "rfc8693", "ES384")]
    [InlineData("RS256", "rfc8693", "PS256")]
    [InlineData("RS256", "keycloak", "PS256")]
    [InlineData("RS256", "okta", "RS256")]
    [InlineData("RS256", "tokendings", "RS256")]
    public async Task Private_key_jwt_signs_with_the_algorithm_of_its_key(string kind, string profile, string algorithm)
    {
        var key = kind switch { "ES256" => TestKeys.Es256, "ES384" => TestKeys.Es384, _ => TestKeys.Rs256 };
        var post = await PostAsync(new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = files.Write("client.pem", key.PrivatePem()), KeyId = "key-1" }, profile);

        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", post["client_assertion_type"]);
        Assert.Equal("mcp-gateway", post["client_id"]);
        var assertion = new JsonWebToken(post["client_assertion"]);
        Assert.Equal(algorithm, assertion.Alg);
        Assert.Equal("key-1", assertion.Kid);
        Assert.True(await VerifiesAsync(assertion, key));
    }

    [Fact]
    public async Task A_client_assertion_is_for_the_issuer_alone_and_for_a_minute()
    {
        await using var exchange = Assertion();
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        var payload = Payload(exchange.Stub.Post["client_assertion"]!);
        var now = exchange.Clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal("mcp-gateway", (string?)payload["iss"]);
        Assert.Equal("mcp-gateway", (string?)payload["sub"]);
        Assert.Equal(exchange.Stub.Issuer, (string?)payload["aud"]!.AsValue());
        Assert.Equal(now, (long)payload["iat"]!);
        Assert.Equal(now + 60, (long)payload["exp"]!);
        var header = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(exchange.Stub.Post["client_assertion"]!.Split('.')[0]));
        Assert.Contains("\"typ\":\"client-authentication+jwt\"", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_audience_for_assertions_can_be_configured()
    {
        await using var exchange = Assertion();
        exchange.Client = exchange.Client with { AssertionAudience = "https://login.example/token" };
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal("https://login.example/token", (string?)Payload(exchange.Stub.Post["client_assertion"]!)["aud"]);
    }

    [Fact]
    public async Task Every_attempt_has_an_assertion_of_its_own()
    {
        await using var exchange = Assertion();
        await exchange.RunAsync(StubAnswer.Json(500, "{}"));
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal(3, exchange.Stub.Posts.Select(post => (string?)Payload(post["client_assertion"]!)["jti"]).Distinct().Count());
    }

    [Fact]
    public async Task A_certificate_gives_the_thumbprint_that_Entra_wants()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = SelfSigned(key);
        var post = await PostAsync(new ClientSettings
        {
            Id = "mcp-gateway",
            Authentication = ClientAuthenticationMethod.PrivateKeyJwt,
            KeyFile = files.Write("client.pem", key.ExportPkcs8PrivateKeyPem()),
            CertificateFile = files.Write("client.crt", certificate.ExportCertificatePem()),
        }, "entra-obo");

        var assertion = new JsonWebToken(post["client_assertion"]);
        Assert.Equal(Base64UrlEncoder.Encode(SHA256.HashData(certificate.RawData)), assertion.GetHeaderValue<string>("x5t#S256"));
        Assert.Equal("JWT", assertion.Typ);
        Assert.False(assertion.TryGetHeaderValue<string>("kid", out _));
    }

    [Fact]
    public async Task Keys_in_the_older_PEM_forms_are_read()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);

        Assert.Equal("ES256", new JsonWebToken((await PostAsync(KeyClient(ec.ExportECPrivateKeyPem())))["client_assertion"]).Alg);
        Assert.Equal("PS256", new JsonWebToken((await PostAsync(KeyClient(rsa.ExportRSAPrivateKeyPem())))["client_assertion"]).Alg);
    }

    [Fact]
    public async Task A_key_that_is_weak_or_of_another_kind_is_not_used()
    {
        await AssertMisconfiguredAsync(KeyClient(TestKeys.Rs256Of1024Bits.PrivatePem()), "KeyFile does not hold what it should");
        await AssertMisconfiguredAsync(KeyClient(TestKeys.Es512.PrivatePem()), "KeyFile does not hold what it should");
        await AssertMisconfiguredAsync(KeyClient("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), "KeyFile does not hold what it should");
        await AssertMisconfiguredAsync(KeyClient("nonsense"), "KeyFile does not hold what it should");
    }

    [Fact]
    public async Task Assertion_file_sends_what_the_file_holds_trimmed()
    {
        var post = await PostAsync(new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.AssertionFile, AssertionFile = files.Write("token", " ey.projected.token\n") });

        Assert.Equal("ey.projected.token", post["client_assertion"]);
        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", post["client_assertion_type"]);
        Assert.Equal("mcp-gateway", post["client_id"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("tökén")]
    public async Task An_assertion_file_without_an_assertion_is_not_used(string content)
    {
        var refused = await RefusedAsync(new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.AssertionFile, AssertionFile = files.Write("token", content) });

        Assert.StartsWith("AssertionFile ", refused.Diagnostic, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_oversize_assertion_is_not_used()
    {
        await AssertMisconfiguredAsync(new ClientSettings { Id = "c", Authentication = ClientAuthenticationMethod.AssertionFile, AssertionFile = files.Write("token", new string('a', 17 * 1024)) }, "AssertionFile does not hold what it should");
        await AssertMisconfiguredAsync(new ClientSettings { Id = "c", Authentication = ClientAuthenticationMethod.AssertionFile, AssertionFile = files.Write("token", new string('a', 70 * 1024)) }, "AssertionFile is too large");
    }

    [Theory]
    [InlineData(ClientAuthenticationMethod.ClientSecretBasic)]
    [InlineData(ClientAuthenticationMethod.ClientSecretPost)]
    [InlineData(ClientAuthenticationMethod.PrivateKeyJwt)]
    [InlineData(ClientAuthenticationMethod.AssertionFile)]
    [InlineData(ClientAuthenticationMethod.TlsClientAuth)]
    public async Task A_method_that_lacks_its_credential_is_a_configuration_error(ClientAuthenticationMethod method)
    {
        await using var exchange = new Exchange { Client = new ClientSettings { Id = "mcp-gateway", Authentication = method } };

        await Assert.ThrowsAsync<ArgumentException>(() => exchange.RunAsync());
    }

    private Exchange Assertion() =>
        new() { Client = new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = files.Write("client.pem", TestKeys.Es256.PrivatePem()) } };

    private ClientSettings KeyClient(string pem) => new() { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = files.Write("client.pem", pem) };

    private static async Task<RecordedRequest> PostAsync(ClientSettings client, string profile = "rfc8693")
    {
        await using var exchange = new Exchange(profile) { Client = client };
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));
        return exchange.Stub.Post;
    }

    private static async Task<ExchangeResult.Refused> RefusedAsync(ClientSettings client)
    {
        await using var exchange = new Exchange { Client = client };
        var refused = Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync());
        Assert.Equal(ExchangeError.Misconfigured, refused.Error);
        Assert.Empty(exchange.Stub.Posts);
        return refused;
    }

    private static async Task AssertMisconfiguredAsync(ClientSettings client, string diagnostic) =>
        Assert.Equal(diagnostic, (await RefusedAsync(client)).Diagnostic);

    private static async Task<bool> VerifiesAsync(JsonWebToken assertion, TestKey key)
    {
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(assertion, new TokenValidationParameters
        {
            ValidateAudience = false,
            ValidateIssuer = false,
            ValidateLifetime = false,
            IssuerSigningKey = key.Ec is { } ec ? new ECDsaSecurityKey(ec) : new RsaSecurityKey(key.Rsa),
        });
        return result.IsValid;
    }

    private static JsonObject Payload(string jwt) => JsonNode.Parse(Base64UrlEncoder.Decode(jwt.Split('.')[1]))!.AsObject();

    private static X509Certificate2 SelfSigned(ECDsa key) =>
        new CertificateRequest("CN=mcp-gateway", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
}
