using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Issuers;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>Metadata and key sets as real products write them, and as nobody should.</summary>
public sealed class PublishedDocumentTests
{
    private static readonly string Once = TestKey.Jwks(TestKeys.Es256.Jwk());

    [Theory]
    [InlineData("jwks_uri")]
    [InlineData("token_endpoint")]
    [InlineData("introspection_endpoint")]
    public async Task What_only_the_openid_document_names_is_found(string member)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Serve(fixture, metadata => metadata.Remove(member), _ => { });

        var metadata = await fixture.Trusted.Server.DiscoverAsync(TestContext.Current.CancellationToken);

        Assert.Equal((fixture.Issuer.JwksUrl, fixture.Issuer.TokenEndpoint), (metadata!.JwksUri?.ToString(), metadata.TokenEndpoint?.ToString()));
        Assert.Equal(fixture.Issuer.Issuer + "/introspect", metadata.IntrospectionEndpoint?.ToString());
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task What_both_name_the_first_says()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Serve(fixture, metadata => metadata["introspection_endpoint"] = null, metadata => metadata["token_endpoint"] = fixture.Issuer.Origin + "/elsewhere");

        Assert.Equal(fixture.Issuer.TokenEndpoint, (await fixture.Trusted.Server.DiscoverAsync(TestContext.Current.CancellationToken))!.TokenEndpoint!.ToString());
    }

    [Theory]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/openid-configuration")]
    public async Task What_a_document_named_counts_while_it_is_away_and_the_other_is_there(string away)
    {
        await using var fixture = await ValidatorFixture.StartAsync(change: settings => settings with { SignsIn = true });
        var first = away.EndsWith("server", StringComparison.Ordinal);
        Serve(fixture, metadata => Name(metadata, first), metadata => Name(metadata, !first));
        var server = fixture.Trusted.Server;
        Assert.NotNull((await server.DiscoverAsync(TestContext.Current.CancellationToken))!.TokenEndpoint);

        fixture.Issuer.Handle(away, context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await server.Metadata.RefreshAsync();

        var known = await server.DiscoverAsync(TestContext.Current.CancellationToken);
        Assert.Equal((fixture.Issuer.TokenEndpoint, true), (known!.TokenEndpoint?.ToString(), known.NamesItselfInResponses));

        static void Name(JsonObject metadata, bool all)
        {
            metadata["authorization_response_iss_parameter_supported"] = all;
            if (!all)
            {
                metadata.Remove("token_endpoint");
            }
        }
    }

    [Theory]
    [InlineData("/.well-known/oauth-authorization-server", 404)]
    [InlineData("/.well-known/openid-configuration", 404)]
    [InlineData("/.well-known/openid-configuration", 410)]
    public async Task What_a_document_named_counts_no_longer_once_there_is_none_and_the_other_goes_on(string gone, int status)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var first = gone.EndsWith("server", StringComparison.Ordinal);
        Serve(fixture, metadata => Name(metadata, first), metadata => Name(metadata, !first));
        var server = fixture.Trusted.Server;
        Assert.NotNull((await server.DiscoverAsync(TestContext.Current.CancellationToken))!.IntrospectionEndpoint);

        fixture.Issuer.Handle(gone, context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await server.Metadata.RefreshAsync();

        var known = await server.DiscoverAsync(TestContext.Current.CancellationToken);
        Assert.Equal((fixture.Issuer.TokenEndpoint, null), (known!.TokenEndpoint?.ToString(), known.IntrospectionEndpoint));
        Assert.Null(server.Metadata.Problem);

        static void Name(JsonObject metadata, bool all)
        {
            if (!all)
            {
                metadata.Remove("introspection_endpoint");
            }
        }
    }

    [Fact]
    public async Task What_was_discovered_is_fetched_anew_with_the_keys_also_where_their_address_is_configured()
    {
        await using var fixture = await ValidatorFixture.StartAsync(change: settings => settings with { JwksUrl = new Uri(settings.Issuer + "/jwks") });
        var server = fixture.Trusted.Server;
        await server.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(fixture.Issuer.TokenEndpoint, (await server.DiscoverAsync(TestContext.Current.CancellationToken))!.TokenEndpoint!.ToString());
        fixture.Issuer.ChangeMetadata = metadata => metadata["token_endpoint"] = fixture.Issuer.Origin + "/elsewhere";

        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        await server.Keys.Fetching;
        await server.Metadata.Fetching;

        Assert.Equal(fixture.Issuer.Origin + "/elsewhere", (await server.DiscoverAsync(TestContext.Current.CancellationToken))!.TokenEndpoint!.ToString());
    }

    [Fact]
    public async Task A_document_of_another_issuer_completes_nothing()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Serve(fixture, metadata => metadata.Remove("jwks_uri"), metadata => metadata["issuer"] = "https://elsewhere.example");

        Assert.Null((await fixture.Trusted.Server.DiscoverAsync(TestContext.Current.CancellationToken))!.JwksUri);
        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task Keys_are_asked_for_under_their_own_name_too()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var accept = "";
        fixture.Issuer.Handle("/jwks", async context =>
        {
            // As Kubernetes' API servers do.
            accept = context.Request.Headers.Accept.ToString();
            if (!accept.Contains("application/jwk-set+json", StringComparison.Ordinal))
            {
                context.Response.StatusCode = 406;
                return;
            }

            context.Response.ContentType = "application/jwk-set+json";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, Once);
        });

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        Assert.Equal("application/jwk-set+json, application/json", accept);
    }

    [Fact]
    public async Task One_key_listed_twice_is_one_key()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var again = TestKeys.Es256.Jwk();
        again.Remove("use");
        again.Remove("alg");
        fixture.Issuer.Jwks = TestKey.Jwks(TestKeys.Es256.Jwk(), again);

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("\"key\"")]
    [InlineData("[{\"kid\":\"es256\"}]")]
    public async Task What_is_no_key_in_a_set_takes_nothing_from_the_others(string entry)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = $$"""{"keys":[{{entry}},{{TestKeys.Es256.Jwk().ToJsonString()}}]}""";

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task Two_keys_of_one_id_are_still_none()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = TestKey.Jwks(TestKeys.Es256.Jwk(), TestKeys.Stranger.As(kid: TestKeys.Es256.Kid).Jwk());

        Assert.Equal("key_not_for_signing", await fixture.ReasonAsync(fixture.Token()));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("k")]
    [InlineData("use")]
    [InlineData("key_ops")]
    [InlineData("alg")]
    [InlineData("x5c")]
    public async Task A_member_of_a_key_that_is_null_is_absent(string member)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var jwk = TestKeys.Es256.Jwk();
        jwk[member] = null;
        fixture.Issuer.Jwks = TestKey.Jwks(jwk);

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Theory]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""")]
    [InlineData("""{"keys":[{"kid":"a","kty":"RSA","x5c":["MIIB"]}]}""")]
    [InlineData("""{"keys":[{"kid":"a","kty":"OKP","crv":"Ed448","x":"AA"}]}""")]
    [InlineData("""{"keys":[{"kid":"a","kty":"oct","k":"AAAA"}]}""")]
    [InlineData("""{"keys":[1,null,"x",[]]}""")]
    public async Task A_set_of_which_no_key_verifies_anything_is_not_available_keys(string set)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = set;

        await fixture.Trusted.Server.StartAsync(TestContext.Current.CancellationToken);

        Assert.False(fixture.Keys.Available);
        Assert.True(fixture.Keys.Fetched);
        Assert.Equal("kid_unknown", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task A_set_is_available_to_those_who_take_one_of_its_algorithms()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        await fixture.Trusted.Server.StartAsync(TestContext.Current.CancellationToken);

        Assert.True(fixture.Keys.Available);
        Assert.True(fixture.Keys.CanVerify(["RS256", "ES256"]));
        Assert.False(fixture.Keys.CanVerify(["RS256", "EdDSA"]));
    }

    public static TheoryData<string, string, string, bool> Leads => new()
    {
        // Issuer, document, address, allowed
        { "https://as.example", "https://as.example/.well-known/x", "https://as.example/jwks", true },
        { "https://as.example", "https://as.example/.well-known/x", "http://127.0.0.1:8080/jwks", false },
        { "https://as.example", "https://as.example/.well-known/x", "http://localhost/jwks", false },
        { "https://as.example", "https://as.example/.well-known/x", "http://[::1]/jwks", false },
        { "https://as.example", "https://as.example/.well-known/x", "http://as.example/jwks", false },
        { "https://as.example", "https://user@as.example/.well-known/x", "https://user@as.example/jwks", false },
        { "https://as.example", "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/jwks", true },
        { "http://127.0.0.1:8080", "https://127.0.0.1:8443/x", "http://127.0.0.1:8080/jwks", true },
        { "http://127.0.0.1:8080", "http://127.0.0.1:8080/x", "http://as.example/jwks", false },
        { "http://as.example", "https://as.example/x", "http://127.0.0.1/jwks", false },
    };

    [Theory]
    [MemberData(nameof(Leads))]
    public void Https_leads_to_http_nowhere_unless_the_issuer_itself_is_plain_on_this_machine(string issuer, string document, string address, bool allowed)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        foreach (var allowHttp in new[] { false, true })
        {
            var documents = new IssuerDocument(new AuthorizationServerSettings { Name = "corp", Issuer = issuer, AllowHttp = allowHttp }, http, TimeProvider.System);
            var plainToPlain = allowHttp && document.StartsWith("http:", StringComparison.Ordinal);

            Assert.Equal(allowed || plainToPlain, documents.MayLeadTo(new Uri(document), new Uri(address)));
        }
    }

    private static void Serve(ValidatorFixture fixture, Action<JsonObject> oauth, Action<JsonObject> openId)
    {
        Handle("/.well-known/oauth-authorization-server", oauth);
        Handle("/.well-known/openid-configuration", openId);

        void Handle(string path, Action<JsonObject> change) => fixture.Issuer.Handle(path, context =>
        {
            var issuer = fixture.Issuer.Issuer;
            var metadata = new JsonObject
            {
                ["issuer"] = issuer,
                ["jwks_uri"] = issuer + "/jwks",
                ["token_endpoint"] = issuer + "/token",
                ["introspection_endpoint"] = issuer + "/introspect",
            };
            change(metadata);
            context.Response.ContentType = "application/json";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, metadata.ToJsonString());
        });
    }
}
