using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Tests.Proof;
using Xunit;

namespace TokenExchange.Tests.Fuzz;

/// <summary>Mutations of sound DPoP proofs: none is taken that the client's key did not sign for this token, request and time.</summary>
public sealed class ProofFuzzTests
{
    [Theory]
    [InlineData(9449)]
    public async Task No_mutation_is_taken_that_the_key_did_not_sign_for_this_request(int seed)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var random = new Random(seed);
        var token = fixture.Token();
        var (sound, another) = (fixture.Proof(token), fixture.Proof(fixture.Token(), key: ProofFixture.OtherClient));
        var (header, payload) = (Decoded(sound, 0), Decoded(sound, 1));
        Assert.Equal("accepted", await fixture.OutcomeAsync(token, sound));
        var outcomes = new Dictionary<string, int>();
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var mutant = (i % 8) switch
            {
                0 or 1 => Encoding.Latin1.GetString(Fuzzing.Mutate(Encoding.Latin1.GetBytes(sound), random)),
                2 => sound[..random.Next(sound.Length)] + another[random.Next(another.Length)..],
                3 => string.Join('.', Enumerable.Range(0, 3).Select(part => random.One(sound, another).Split('.')[part])),
                4 => sound + random.One(" ", ",", ", " + another, "=", "."),
                5 => TokenForge.Sign(header, payload, ProofFixture.OtherClient),
                6 => TokenForge.Sign(Fuzzing.Mutate(header, random), payload, ProofFixture.Client),
                _ => TokenForge.Sign(header, Fuzzing.Mutate(payload, random), ProofFixture.Client),
            };
            if (mutant == sound)
            {
                continue;
            }

            var outcome = await fixture.OutcomeAsync(token, mutant);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            if (outcome == "accepted")
            {
                Assert.True(i % 8 >= 6, mutant);
                AssertMeansTheSame(fixture, token, mutant);
            }
        }

        // The mutations reach every check of a proof.
        string[] checks = ["size", "header", "form", "typ", "alg", "jwk", "thumbprint", "signature", "htm", "htu", "iat", "ath"];
        Assert.Superset(checks.Skip(1).Select(check => "invalid_dpop_proof " + check).ToHashSet(), outcomes.Keys.ToHashSet());
    }

    private static void AssertMeansTheSame(ProofFixture fixture, string token, string mutant)
    {
        using var header = JsonDocument.Parse(Decoded(mutant, 0));
        using var payload = JsonDocument.Parse(Decoded(mutant, 1));
        Assert.NotNull(TwistedJson.Strict(Decoded(mutant, 0)));
        Assert.NotNull(TwistedJson.Strict(Decoded(mutant, 1)));
        var key = JsonObject.Create(header.RootElement.GetProperty("jwk"))!;
        Assert.All(ProofForge.PublicJwk(ProofFixture.Client), member => Assert.Equal(member.Value!.GetValue<string>(), key[member.Key]!.GetValue<string>()));
        Assert.Equal("POST", payload.RootElement.GetProperty("htm").GetString());
        Assert.Equal(new Uri(ProofFixture.Uri), new Uri(payload.RootElement.GetProperty("htu").GetString()!.Split('?', '#')[0]));
        Assert.Equal(ProofFixture.HashOf(token), payload.RootElement.GetProperty("ath").GetString());
        Assert.InRange(payload.RootElement.GetProperty("iat").GetInt64() - fixture.Clock.GetUtcNow().ToUnixTimeSeconds(), -300, 300);
    }

    private static byte[] Decoded(string jws, int part) => Base64Url.DecodeFromChars(jws.Split('.')[part]);
}
