using System.Text;
using Harness;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>
/// A hundred thousand mutations of sound tokens: no forgery is accepted, none throws. What is mutated before signing is signed
/// again, so that the checks behind the signature are reached too.
/// </summary>
public sealed class TokenFuzzTests
{
    private const int Inputs = 100_000;
    private const int Seed = 8693;

    [Fact]
    public async Task No_mutation_is_accepted_that_the_issuer_did_not_sign_for_this_server_and_none_throws()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 64);
        var random = new Random(Seed);
        var header = Encoding.UTF8.GetBytes(TokenForge.Header(TestKeys.Es256).ToJsonString());
        var payload = Encoding.UTF8.GetBytes(TokenForge.Payload(fixture.Issuer.Issuer, ValidatorFixture.Resource, fixture.Clock.GetUtcNow()).ToJsonString());
        var sound = fixture.Token();
        var another = fixture.Token((_, claims) => claims["sub"] = "mallory");
        Assert.Equal("accepted", await fixture.ReasonAsync(sound));
        var reasons = new Dictionary<string, int>();

        for (var i = 0; i < Inputs; i++)
        {
            var mutant = (i % 8) switch
            {
                0 => FlipCharacter(sound, random),
                1 => Splice(sound, another, random),
                2 => sound[..random.Next(sound.Length)],
                3 => sound.Insert(random.Next(sound.Length), sound[random.Next(sound.Length)..]),
                4 => SwapParts(sound, another, random),

                // One byte of the header or an inserted or removed byte of the payload, then signed by the issuer's key.
                5 => TokenForge.Sign(Flip(header, random), payload, TestKeys.Stranger.As(kid: "es256")),
                6 => TokenForge.Sign(header, Remove(payload, random), TestKeys.Es256),
                _ => TokenForge.Sign(header, Duplicate(payload, random), TestKeys.Es256),
            };
            if (mutant == sound || mutant == another)
            {
                continue;
            }

            var reason = await fixture.ReasonAsync(mutant);
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            if (reason == "accepted")
            {
                // Only the last two kinds carry a signature of the issuer.
                Assert.True(i % 8 >= 6, mutant);
                AssertMeansTheSame(fixture, mutant);
            }
        }

        // The mutations reach deep: not all end at the form.
        Assert.True(reasons.Keys.Count >= 8, string.Join(", ", reasons.Keys));
    }

    /// <summary>
    /// The issuer itself signed this mutant, and it may be sound: a byte removed from a free value (an id, a scope) makes
    /// another token of the same issuer for the same server and time, not a forgery.
    /// </summary>
    private static void AssertMeansTheSame(ValidatorFixture fixture, string mutant)
    {
        var claims = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(mutant.Split('.')[1]));
        using var document = System.Text.Json.JsonDocument.Parse(claims);
        Assert.Equal(fixture.Issuer.Issuer, document.RootElement.GetProperty("iss").GetString());
        Assert.Equal(ValidatorFixture.Resource, document.RootElement.GetProperty("aud").GetString());
        Assert.True(document.RootElement.GetProperty("exp").GetInt64() > fixture.Clock.GetUtcNow().ToUnixTimeSeconds() - 30);
        Assert.Equal(document.RootElement.EnumerateObject().Count(), document.RootElement.EnumerateObject().Select(member => member.Name).Distinct().Count());
    }

    private static string FlipCharacter(string token, Random random)
    {
        var characters = token.ToCharArray();
        characters[random.Next(characters.Length)] ^= (char)(1 << random.Next(8));
        return new string(characters);
    }

    private static string Splice(string one, string other, Random random)
    {
        var at = random.Next(one.Length);
        return one[..at] + other[Math.Min(at, other.Length)..];
    }

    private static string SwapParts(string one, string other, Random random)
    {
        var (mine, theirs) = (one.Split('.'), other.Split('.'));
        return string.Join('.', Enumerable.Range(0, 3).Select(part => random.Next(2) == 0 ? mine[part] : theirs[part]));
    }

    private static byte[] Flip(byte[] bytes, Random random)
    {
        var changed = (byte[])bytes.Clone();
        changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        return changed;
    }

    private static byte[] Remove(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        return [.. bytes[..at], .. bytes[(at + 1)..]];
    }

    private static byte[] Duplicate(byte[] bytes, Random random)
    {
        var from = random.Next(bytes.Length);
        var length = random.Next(1, Math.Min(24, bytes.Length - from) + 1);
        return [.. bytes[..from], .. bytes[from..(from + length)], .. bytes[from..]];
    }
}
