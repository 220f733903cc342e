using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>A proof is good for one request, with one token, by the holder of one key, and everything else names the check that it failed.</summary>
public sealed class ProofTests
{
    private static readonly Dictionary<string, (string Failed, Action<JsonObject, JsonObject> Change)> Changes = new()
    {
        ["of no type"] = ("typ", (header, _) => header.Remove("typ")),
        ["of a token's type"] = ("typ", (header, _) => header["typ"] = "at+jwt"),
        ["of type JWT"] = ("typ", (header, _) => header["typ"] = "JWT"),
        ["of a type that is no text"] = ("typ", (header, _) => header["typ"] = 1),
        ["without an algorithm"] = ("alg", (header, _) => header.Remove("alg")),
        ["with the algorithm none"] = ("alg", (header, _) => header["alg"] = "none"),
        ["with the algorithm None"] = ("alg", (header, _) => header["alg"] = "None"),
        ["with HS256"] = ("alg", (header, _) => header["alg"] = "HS256"),
        ["with an algorithm that is not admitted here"] = ("alg", (header, _) => header["alg"] = "ES384"),
        ["with its algorithm in another case"] = ("alg", (header, _) => header["alg"] = "es256"),
        ["without a key"] = ("jwk", (header, _) => header.Remove("jwk")),
        ["with a key that is text"] = ("jwk", (header, _) => header["jwk"] = header["jwk"]!.ToJsonString()),
        ["with a null key"] = ("jwk", (header, _) => header["jwk"] = null),
        ["with the private part of its key"] = ("jwk", (header, _) => header["jwk"]!["d"] = Base64Url.EncodeToString(new byte[32])),
        ["with a null private part"] = ("jwk", (header, _) => header["jwk"]!["d"] = null),
        ["with a symmetric part"] = ("jwk", (header, _) => header["jwk"]!["k"] = "AA"),
        ["with a factor of a key"] = ("jwk", (header, _) => header["jwk"]!["p"] = "AA"),
        ["with other primes"] = ("jwk", (header, _) => header["jwk"]!["oth"] = new JsonArray()),
        ["with a key of another kind"] = ("jwk", (header, _) => header["jwk"] = ProofForge.PublicJwk(TestKeys.Rs256)),
        ["with a key on another curve"] = ("jwk", (header, _) => header["jwk"] = ProofForge.PublicJwk(TestKeys.Es384)),
        ["with a curve's name changed"] = ("jwk", (header, _) => header["jwk"]!["crv"] = "P-384"),
        ["with a point that is not on the curve"] = ("jwk", (header, _) => header["jwk"]!["y"] = header["jwk"]!["x"]!.DeepClone()),
        ["with a coordinate cut short"] = ("jwk", (header, _) => header["jwk"]!["x"] = Base64Url.EncodeToString(new byte[31])),
        ["with a coordinate that is padded"] = ("jwk", (header, _) => header["jwk"]!["x"] = header["jwk"]!["x"] + "="),
        ["with a coordinate with a zero before it"] = ("jwk", (header, _) => header["jwk"]!["x"] = Base64Url.EncodeToString([0, .. Base64Url.DecodeFromChars(header["jwk"]!["x"]!.GetValue<string>())])),
        ["with a key that is for encryption"] = ("jwk", (header, _) => header["jwk"]!["use"] = "enc"),
        ["with a key for another algorithm"] = ("jwk", (header, _) => header["jwk"]!["alg"] = "ES512"),
        ["with somebody else's key"] = ("thumbprint", (header, _) => header["jwk"] = ProofForge.PublicJwk(ProofFixture.OtherClient)),
        ["for another method"] = ("htm", (_, payload) => payload["htm"] = "GET"),
        ["for the method in another case"] = ("htm", (_, payload) => payload["htm"] = "post"),
        ["for no method"] = ("htm", (_, payload) => payload.Remove("htm")),
        ["for a method that is no text"] = ("htm", (_, payload) => payload["htm"] = new JsonArray("POST")),
        ["for another path"] = ("htu", (_, payload) => payload["htu"] = "https://mcp.example.com/weather"),
        ["for another server"] = ("htu", (_, payload) => payload["htu"] = "https://mcp.example.com/notes/message"),
        ["for another host"] = ("htu", (_, payload) => payload["htu"] = "https://mcp.example.net/weather/message"),
        ["for another port"] = ("htu", (_, payload) => payload["htu"] = "https://mcp.example.com:8443/weather/message"),
        ["for http"] = ("htu", (_, payload) => payload["htu"] = "http://mcp.example.com/weather/message"),
        ["for a path in another case"] = ("htu", (_, payload) => payload["htu"] = "https://mcp.example.com/Weather/message"),
        ["for a path one slash longer"] = ("htu", (_, payload) => payload["htu"] = ProofFixture.Uri + "/"),
        ["for the path alone"] = ("htu", (_, payload) => payload["htu"] = "/weather/message"),
        ["for no address"] = ("htu", (_, payload) => payload.Remove("htu")),
        ["for an address that is no text"] = ("htu", (_, payload) => payload["htu"] = new JsonArray(ProofFixture.Uri)),
        ["without a time"] = ("iat", (_, payload) => payload.Remove("iat")),
        ["with a time that is text"] = ("iat", (_, payload) => payload["iat"] = payload["iat"]!.ToString()),
        ["with a fraction of a second"] = ("iat", (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + 0.5),
        ["five minutes and a second old"] = ("iat", (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() - 301),
        ["five minutes and a second ahead"] = ("iat", (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + 301),
        ["of the end of time"] = ("iat", (_, payload) => payload["iat"] = long.MaxValue),
        ["of before 1970"] = ("iat", (_, payload) => payload["iat"] = long.MinValue),
        ["for no token"] = ("ath", (_, payload) => payload.Remove("ath")),
        ["for another token"] = ("ath", (_, payload) => payload["ath"] = Base64Url.EncodeToString(new byte[32])),
        ["with the token's hash padded"] = ("ath", (_, payload) => payload["ath"] = payload["ath"] + "="),
        ["with half of the token's hash"] = ("ath", (_, payload) => payload["ath"] = payload["ath"]!.ToString()[..22]),
        ["with a critical extension"] = ("form", (header, _) => header["crit"] = new JsonArray("x")),
        ["with its payload unencoded"] = ("form", (header, _) => (header["crit"], header["b64"]) = (new JsonArray("b64"), false)),
        ["with a key to be fetched"] = ("form", (header, _) => header["jku"] = "https://attacker.example/keys"),
        ["with a certificate"] = ("form", (header, _) => header["x5c"] = new JsonArray("AA==")),
    };

    public static TheoryData<string> ChangedProofs => [.. Changes.Keys];

    [Fact]
    public async Task A_sound_proof_by_the_key_of_the_token_is_accepted_for_any_algorithm_that_is_admitted()
    {
        await using var fixture = await ProofFixture.StartAsync();
        foreach (var key in (TestKey[])[ProofFixture.Client, ProofFixture.RsaClient, ProofFixture.RsaClient.As(algorithm: "RS256")])
        {
            var token = fixture.Token(key);

            Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token, key: key)));
        }
    }

    [Theory]
    [MemberData(nameof(ChangedProofs))]
    public async Task A_proof_is_refused_by_the_check_that_it_fails(string kind)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        var (failed, change) = Changes[kind];

        Assert.Equal($"invalid_dpop_proof {failed}", await fixture.OutcomeAsync(token, fixture.Proof(token, change)));

        // What was remembered of the token in between helps nobody.
        Assert.Equal("accepted", await fixture.OutcomeAsync(token, fixture.Proof(token)));
        Assert.Equal($"invalid_dpop_proof {failed}", await fixture.OutcomeAsync(token, fixture.Proof(token, change)));
    }

    [Theory]
    [InlineData("none", "header")]
    [InlineData("empty", "header")]
    [InlineData("two in one line", "header")]
    [InlineData("too large", "size")]
    [InlineData("two parts", "form")]
    [InlineData("five parts", "form")]
    [InlineData("padded", "form")]
    [InlineData("a blank at its end", "form")]
    [InlineData("a member twice", "form")]
    [InlineData("no JSON", "form")]
    [InlineData("the token itself", "typ")]
    [InlineData("unsigned", "signature")]
    [InlineData("signed by another key", "signature")]
    [InlineData("signed in DER", "signature")]
    public async Task What_is_no_proof_at_all_is_refused_by_its_form(string kind, string failed)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        var sound = fixture.Proof(token);
        var proof = kind switch
        {
            "none" => null,
            "empty" => "",
            "two in one line" => $"{sound}, {fixture.Proof(token)}",
            "too large" => fixture.Proof(token, (_, payload) => payload["pad"] = new string('x', 8 * 1024)),
            "two parts" => sound[..sound.LastIndexOf('.')],
            "five parts" => sound + ".AA.AA",
            "padded" => sound + "=",
            "a blank at its end" => sound + " ",
            "a member twice" => TokenForge.Sign($$"""{"typ":"dpop+jwt","alg":"ES256","alg":"ES256","jwk":{{ProofForge.PublicJwk(ProofFixture.Client).ToJsonString()}}}""", "{}", ProofFixture.Client),
            "no JSON" => TokenForge.Sign("proof", "proof", ProofFixture.Client),
            "the token itself" => token,
            "unsigned" => sound[..(sound.LastIndexOf('.') + 1)],
            "signed by another key" => TokenForge.SignInput(sound[..sound.LastIndexOf('.')], ProofFixture.OtherClient),
            _ => sound[..(sound.LastIndexOf('.') + 1)] + Base64Url.EncodeToString(ProofFixture.Client.Ec!.SignData(
                Encoding.ASCII.GetBytes(sound[..sound.LastIndexOf('.')]), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.DSASignatureFormat.Rfc3279DerSequence)),
        };

        Assert.Equal($"invalid_dpop_proof {failed}", await fixture.OutcomeAsync(token, proof));
    }

    [Theory]
    [InlineData("HTTPS://MCP.Example.COM/weather/message")]
    [InlineData("https://mcp.example.com:443/weather/message")]
    [InlineData("https://mcp.example.com:/weather/message")]
    [InlineData("https://mcp.example.com/weather/message?sessionId=1")]
    [InlineData("https://mcp.example.com/weather/message#here")]
    [InlineData("https://mcp.example.com/weather/%6dessage")]
    [InlineData("https://mcp.example.com/weather/./x/../message")]
    public async Task An_address_is_compared_by_its_normal_form_query_and_fragment_aside(string uri)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();

        Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["htu"] = uri)));
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    public async Task A_clock_may_be_off_by_the_whole_age_in_either_direction(int seconds)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();

        Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + seconds)));
    }

    [Theory]
    [InlineData(1024, "jwk")]
    [InlineData(4104, "jwk")]
    [InlineData(4096, "accepted")]
    public async Task An_rsa_key_has_2048_to_4096_bits(int bits, string expected)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var key = TestKey.Create("PS256", null, bits);
        var token = fixture.Token(key);

        var outcome = await fixture.OutcomeAsync(token, fixture.Proof(token, key: key));

        Assert.Equal(expected == "accepted" ? expected : $"invalid_dpop_proof {expected}", outcome);
    }

    [Theory]
    [InlineData("Aw")]
    [InlineData("AQ")]
    [InlineData("AAEAAQ")]
    [InlineData("AQABAA")]
    public async Task An_rsa_key_has_the_exponent_65537(string exponent)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(ProofFixture.RsaClient);

        Assert.Equal("invalid_dpop_proof jwk", await fixture.OutcomeAsync(token, fixture.Proof(token, (header, _) => header["jwk"]!["e"] = exponent, ProofFixture.RsaClient)));
    }

    [Fact]
    public async Task The_checks_stand_in_one_order_and_the_first_that_fails_is_named()
    {
        await using var fixture = await ProofFixture.StartAsync(new DPoPSettings { NonceRequired = true });
        var token = fixture.Token();
        (string Check, Action<JsonObject, JsonObject> Repair)[] order =
        [
            ("typ", (header, _) => header["typ"] = "dpop+jwt"),
            ("alg", (header, _) => header["alg"] = "ES256"),
            ("jwk", (header, _) => header["jwk"] = ProofForge.PublicJwk(ProofFixture.OtherClient)),
            ("thumbprint", (header, _) => header["jwk"] = ProofForge.PublicJwk(ProofFixture.Client)),
            ("htm", (_, payload) => payload["htm"] = "POST"),
            ("htu", (_, payload) => payload["htu"] = ProofFixture.Uri),
            ("iat", (_, payload) => payload["iat"] = fixture.Clock.GetUtcNow().ToUnixTimeSeconds()),
            ("nonce", (_, payload) => payload["nonce"] = new ProofNonces([new byte[32]], fixture.Clock).Create()),
            ("ath", (_, payload) => payload["ath"] = ProofFixture.HashOf(token)),
        ];

        for (var repaired = 0; repaired <= order.Length; repaired++)
        {
            var outcome = await fixture.OutcomeAsync(token, fixture.Proof(token, (header, payload) =>
            {
                (header["typ"], header["alg"], header["jwk"]) = ("JWT", "HS256", null);
                payload.Clear();
                foreach (var (_, repair) in order.Take(repaired))
                {
                    repair(header, payload);
                }
            }));

            var expected = repaired == order.Length ? "accepted"
                : order[repaired].Check == "nonce" ? "use_dpop_nonce nonce"
                : $"invalid_dpop_proof {order[repaired].Check}";
            Assert.Equal(expected, outcome);
        }
    }

    [Fact]
    public async Task The_tokens_own_checks_come_before_its_proof()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(change: (_, payload) => payload["aud"] = "https://mcp.example.com/notes");

        Assert.Equal("audience_invalid", await fixture.OutcomeAsync(token, "no proof"));
    }
}
