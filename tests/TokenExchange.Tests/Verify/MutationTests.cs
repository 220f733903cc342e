using FsCheck;
using FsCheck.Fluent;
using Harness;
using Xunit;

namespace TokenExchange.Tests.Verify;

public sealed class MutationTests
{
    [Fact]
    public async Task Every_changed_bit_of_a_sound_token_is_refused()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var token = fixture.Token();
        Assert.Equal("accepted", await fixture.ReasonAsync(token));

        for (var index = 0; index < token.Length; index++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = token.ToCharArray();
                changed[index] ^= (char)(1 << bit);
                Assert.NotEqual("accepted", await fixture.ReasonAsync(new string(changed)));
            }
        }
    }

    [Fact]
    public async Task Every_other_character_of_the_alphabet_in_every_place_is_refused()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var token = fixture.Token();

        foreach (var other in "Ax9-_")
        {
            for (var index = 0; index < token.Length; index++)
            {
                if (token[index] != other)
                {
                    Assert.NotEqual("accepted", await fixture.ReasonAsync(token[..index] + other + token[(index + 1)..]));
                }
            }
        }
    }

    [Fact]
    public async Task Only_an_ordinally_equal_audience_is_accepted()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        await fixture.Keys.StartAsync(CancellationToken.None);
        var pieces = Gen.Elements("https://", "HTTPS://", "mcp.example", "MCP.example", ":443", "/", "weather", "Weather", "%77", "?", "#", ".", " ", "api://", "\u0000");
        var audiences = Gen.Select(Gen.ArrayOf(pieces), string.Concat);

        Prop.ForAll(Arb.From(audiences), audience =>
        {
            var token = TokenForge.AccessToken(TestKeys.Es256, fixture.Issuer.Issuer, audience, fixture.Clock.GetUtcNow());
            var validation = fixture.ValidateAsync(token).AsTask().GetAwaiter().GetResult();
            return validation.Token is not null == audience is ValidatorFixture.Resource or ValidatorFixture.Alias;
        }).QuickCheckThrowOnFailure();
    }
}
