using Gateway.Generations;
using Gateway.Management;
using Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>What is copied along with a token is named, and refused all the same.</summary>
public sealed class PastedTokenTests
{
    [Theory]
    [InlineData("Bearer {0}", "begins with the scheme 'Bearer'")]
    [InlineData("bearer\t{0}", "begins with the scheme 'Bearer'")]
    [InlineData("Authorization: Bearer {0}", "whole header line")]
    [InlineData("authorization:{0}", "whole header line")]
    [InlineData("\"{0}\"", "in quotes")]
    [InlineData("'{0}'", "in quotes")]
    [InlineData("{0}\"", "in quotes")]
    [InlineData("\u201c{0}\u201d", "in quotes")]
    [InlineData("{{\"access_token\":\"{0}\"}}", "value of access_token")]
    [InlineData("{0}\n{0}", "several lines")]
    [InlineData("token {0}", "white space")]
    [InlineData("{0}...", "cut short")]
    [InlineData("\u200b{0}", "invisible")]
    public async Task What_stands_around_a_token_is_named_without_the_token(string around, string fragment)
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        var server = world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers.Single(server => server.Id == "weather");

        var bare = await Explaining.ExplainAsync(server, token, TimeProvider.System, TestContext.Current.CancellationToken);
        var explanation = await Explaining.ExplainAsync(server, string.Format(System.Globalization.CultureInfo.InvariantCulture, around, token), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.True(bare.Passes);
        Assert.False(explanation.Passes);
        Assert.Contains(fragment, explanation.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('.')[1], explanation.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("opaque-token")]
    [InlineData("a.b.c")]
    [InlineData("bearer-like")]
    public void What_may_be_a_token_is_left_alone(string text) => Assert.Null(PastedToken.Hint(text));
}
