using System.Text.Json.Nodes;
using Harness;
using Xunit;

namespace TokenExchange.Tests.Verify;

public sealed class KeyTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Five_hundred_made_up_key_ids_cause_one_fetch_per_interval()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));

        await TryUnknownKeysAsync(fixture, 500);
        Assert.Equal(1, fixture.Issuer.JwksFetches);

        fixture.Clock.Advance(Interval);
        await TryUnknownKeysAsync(fixture, 500);
        Assert.Equal(2, fixture.Issuer.JwksFetches);
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task Failed_fetches_count_for_the_interval_and_known_keys_go_on_working()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        fixture.Issuer.JwksAnswer = DocumentAnswer.ServerError;
        fixture.Clock.Advance(Interval);

        await TryUnknownKeysAsync(fixture, 500);

        Assert.Equal(2, fixture.Issuer.JwksFetches);
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task Callers_at_once_share_one_fetch()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.JwksAnswer = DocumentAnswer.Hang;
        var callers = Enumerable.Range(0, 50).Select(_ => fixture.ReasonAsync(fixture.Token())).ToList();

        fixture.Issuer.Release();

        Assert.All(await Task.WhenAll(callers), reason => Assert.Equal("accepted", reason));
        Assert.Equal(1, fixture.Issuer.JwksFetches);
    }

    [Fact]
    public async Task A_caller_that_leaves_does_not_end_the_fetch_of_the_others()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.JwksAnswer = DocumentAnswer.Hang;
        using var leaving = new CancellationTokenSource();
        var left = fixture.Validator.ValidateAsync(fixture.Token().AsMemory(), leaving.Token).AsTask();
        var stays = fixture.ReasonAsync(fixture.Token());

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        fixture.Issuer.Release();

        Assert.Equal("accepted", await stays);
    }

    [Fact]
    public async Task A_new_key_is_found_by_its_first_token_after_the_interval()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        fixture.Issuer.Keys = [TestKeys.Es256, TestKeys.Rs256];

        Assert.Equal("kid_unknown", await fixture.ReasonAsync(fixture.Token(key: TestKeys.Rs256)));
        fixture.Clock.Advance(Interval);
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token(key: TestKeys.Rs256)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task A_key_removed_at_the_source_stops_working_after_the_refresh_also_for_remembered_tokens(int capacity)
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: capacity);
        await fixture.Keys.StartAsync(CancellationToken.None);
        var token = fixture.Token((_, p) => p["exp"] = fixture.Clock.GetUtcNow().ToUnixTimeSeconds() + 3600);
        Assert.Equal("accepted", await fixture.ReasonAsync(token));
        var generation = fixture.Keys.Generation;
        fixture.Issuer.Keys = [TestKeys.Rs256];

        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        await fixture.Keys.Fetching;

        Assert.NotEqual(generation, fixture.Keys.Generation);
        Assert.Equal("kid_unknown", await fixture.ReasonAsync(token));
    }

    [Fact]
    public async Task Without_a_timer_use_alone_refreshes_the_keys()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        fixture.Issuer.Keys = [TestKeys.Rs256];
        fixture.Clock.Advance(TimeSpan.FromMinutes(5));

        await fixture.ReasonAsync(fixture.Token());
        await fixture.Keys.Fetching;

        Assert.Equal("kid_unknown", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task An_unchanged_set_keeps_its_generation()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        await fixture.Keys.StartAsync(CancellationToken.None);
        var (generation, fetched) = (fixture.Keys.Generation, fixture.Keys.FetchedAt);

        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        await fixture.Keys.Fetching;

        Assert.Equal(generation, fixture.Keys.Generation);
        Assert.Equal(fetched + TimeSpan.FromMinutes(5), fixture.Keys.FetchedAt);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task In_an_outage_the_last_good_keys_serve_for_an_hour(int capacity)
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: capacity);
        var token = fixture.Token((_, p) => p["exp"] = fixture.Clock.GetUtcNow().ToUnixTimeSeconds() + 36_000);
        Assert.Equal("accepted", await fixture.ReasonAsync(token));
        fixture.Issuer.MetadataAnswer = fixture.Issuer.OpenIdAnswer = fixture.Issuer.JwksAnswer = DocumentAnswer.ServerError;

        fixture.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("accepted", await fixture.ReasonAsync(token));
        await fixture.Keys.Fetching;
        fixture.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(fixture.Keys.Available);
        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(token));
    }

    [Theory]
    [InlineData(DocumentAnswer.Missing)]
    [InlineData(DocumentAnswer.ServerError)]
    [InlineData(DocumentAnswer.Redirect)]
    [InlineData(DocumentAnswer.Oversize)]
    public async Task A_key_set_that_is_not_simply_served_is_no_key_set(DocumentAnswer answer)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.JwksAnswer = answer;

        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(fixture.Token()));
        Assert.DoesNotContain("/moved/jwks", fixture.Issuer.Paths);
    }

    [Fact]
    public async Task A_silent_issuer_is_waited_for_until_the_time_limit()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var asked = new TaskCompletionSource();
        fixture.Issuer.Handle("/jwks", async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var reason = fixture.ReasonAsync(fixture.Token());
        await asked.Task;

        fixture.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("keys_unavailable", await reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"keys\":{}}")]
    [InlineData("{\"keys\":[],\"keys\":[]}")]
    public async Task A_document_that_is_no_key_set_is_refused(string document)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = document;

        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(fixture.Token()));
    }

    [Theory]
    [InlineData(100, "accepted")]
    [InlineData(101, "keys_unavailable")]
    public async Task A_key_set_has_at_most_a_hundred_keys(int count, string reason)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Keys = [TestKeys.Es256, .. Enumerable.Range(1, count - 1).Select(number => TestKeys.Stranger.As(kid: $"k{number}"))];

        Assert.Equal(reason, await fixture.ReasonAsync(fixture.Token()));
    }

    [Theory]
    [InlineData("use", "\"enc\"")]
    [InlineData("key_ops", "[\"encrypt\"]")]
    [InlineData("key_ops", "[]")]
    [InlineData("key_ops", "\"verify\"")]
    [InlineData("alg", "\"ES384\"")]
    [InlineData("kty", "\"RSA\"")]
    [InlineData("kty", "\"oct\"")]
    [InlineData("kty", "null")]
    [InlineData("crv", "\"P-384\"")]
    [InlineData("crv", "\"secp256k1\"")]
    [InlineData("x", "\"AAAA\"")]
    [InlineData("x", "\"not base64!\"")]
    [InlineData("y", "null")]
    [InlineData("d", "\"AAAA\"")]
    [InlineData("k", "\"AAAA\"")]
    public async Task A_key_that_is_not_for_signatures_is_used_for_none(string member, string value)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var jwk = TestKeys.Es256.Jwk();
        jwk[member] = JsonNode.Parse(value);
        fixture.Issuer.Jwks = TestKey.Jwks(jwk);

        Assert.Equal("key_not_for_signing", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task A_key_may_say_nothing_of_its_use_or_list_verify()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var jwk = TestKeys.Es256.Jwk();
        jwk.Remove("use");
        jwk.Remove("alg");
        jwk["key_ops"] = new JsonArray("verify");
        fixture.Issuer.Jwks = TestKey.Jwks(jwk);

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task Short_RSA_keys_are_not_for_signing()
    {
        await using var fixture = await ValidatorFixture.StartAsync(keys: [TestKeys.Rs256Of1024Bits]);

        Assert.Equal("key_not_for_signing", await fixture.ReasonAsync(fixture.Token(key: TestKeys.Rs256Of1024Bits)));
    }

    [Theory]
    [InlineData("AQ")]
    [InlineData("Ag")]
    [InlineData("AAAA")]
    [InlineData("AQAAAAAAAAAB")]
    public async Task RSA_keys_with_a_senseless_exponent_are_not_for_signing(string exponent)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var jwk = TestKeys.Rs256.Jwk();
        jwk["e"] = exponent;
        fixture.Issuer.Jwks = TestKey.Jwks(jwk);

        Assert.Equal("key_not_for_signing", await fixture.ReasonAsync(fixture.Token(key: TestKeys.Rs256)));
    }

    [Fact]
    public async Task Of_two_keys_with_one_id_the_one_for_the_algorithm_counts_and_two_are_ambiguous()
    {
        await using var fixture = await ValidatorFixture.StartAsync(keys: [TestKeys.Es256, TestKeys.Rs256.As(kid: "es256")]);
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token(key: TestKeys.Rs256.As(kid: "es256"))));

        await using var ambiguous = await ValidatorFixture.StartAsync(keys: [TestKeys.Es256, TestKeys.Stranger.As(kid: "es256")]);
        Assert.Equal("key_not_for_signing", await ambiguous.ReasonAsync(ambiguous.Token()));
    }

    [Fact]
    public async Task An_issuer_that_withdraws_every_key_is_believed()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = """{"keys":[]}""";

        Assert.Equal("kid_unknown", await fixture.ReasonAsync(fixture.Token()));
    }

    [Fact]
    public async Task OpenID_discovery_is_asked_where_there_is_no_RFC_8414_metadata()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.MetadataAnswer = DocumentAnswer.Missing;

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        Assert.Equal(["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/jwks"], fixture.Issuer.Paths);
    }

    [Theory]
    [InlineData("issuer", "\"https://other.example\"")]
    [InlineData("issuer", "null")]
    [InlineData("jwks_uri", "\"http://keys.example/jwks\"")]
    [InlineData("jwks_uri", "\"/jwks\"")]
    [InlineData("jwks_uri", "\"http://xn--\u00fc/jwks\"")]
    [InlineData("jwks_uri", "\"file:///etc/passwd\"")]
    [InlineData("jwks_uri", "\"https://user:secret@keys.example/jwks\"")]
    [InlineData("jwks_uri", "1")]
    [InlineData("jwks_uri", "null")]
    [InlineData("token_endpoint", "\"http://token.example/token\"")]
    [InlineData("introspection_endpoint", "\"http://token.example/introspect\"")]
    public async Task Metadata_of_another_issuer_or_with_an_unsafe_address_is_refused(string member, string value)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.ChangeMetadata = metadata => metadata[member] = JsonNode.Parse(value);

        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(fixture.Token()));
        Assert.Equal(0, fixture.Issuer.JwksFetches);
    }

    [Fact]
    public async Task Metadata_is_not_fetched_where_redirects_lead()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.MetadataAnswer = fixture.Issuer.OpenIdAnswer = DocumentAnswer.Redirect;

        Assert.Equal("keys_unavailable", await fixture.ReasonAsync(fixture.Token()));
        Assert.DoesNotContain("/moved/metadata", fixture.Issuer.Paths);
    }

    [Fact]
    public async Task A_configured_address_of_the_keys_needs_no_discovery()
    {
        await using var fixture = await ValidatorFixture.StartAsync(change: settings => settings with { JwksUrl = new Uri(settings.Issuer + "/jwks") });

        Assert.Equal("accepted", await fixture.ReasonAsync(fixture.Token()));
        Assert.Equal(0, fixture.Issuer.MetadataFetches);
    }

    private static async Task TryUnknownKeysAsync(ValidatorFixture fixture, int count)
    {
        var token = TokenForge.Header(TestKeys.Es256);
        var payload = TokenForge.Payload(fixture.Issuer.Issuer, ValidatorFixture.Resource, fixture.Clock.GetUtcNow()).ToJsonString();
        for (var number = 0; number < count; number++)
        {
            token["kid"] = $"made-up-{number}";
            Assert.Equal("kid_unknown", await fixture.ReasonAsync(TokenForge.Sign(token.ToJsonString(), payload, TestKeys.Es256)));
        }
    }
}
