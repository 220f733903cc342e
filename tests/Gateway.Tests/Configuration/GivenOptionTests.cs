using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>What a word of a command line is: an option, its value, or neither.</summary>
public sealed class GivenOptionTests
{
    [Theory]
    [InlineData("--urls=http://a", "urls", "http://a", 1)]
    [InlineData("--urls http://a", "urls", "http://a", 2)]
    [InlineData("--Gateway:Key=a=b", "Gateway:Key", "a=b", 1)]
    [InlineData("--Gateway:Key=--b", "Gateway:Key", "--b", 1)]
    [InlineData("--Gateway:Key -1", "Gateway:Key", "-1", 2)]
    [InlineData("--Gateway:Key=", "Gateway:Key", "", 1)]
    [InlineData("--Gateway:Key", "Gateway:Key", null, 1)]
    [InlineData("--Gateway:Key --strict", "Gateway:Key", null, 1)]
    public void An_option_has_the_value_that_follows_unless_that_is_an_option_itself(string arguments, string name, string? value, int words) =>
        Assert.Equal(new GivenOption(name, value, words), GivenOption.At(arguments.Split(' '), 0));

    [Theory]
    [InlineData("check")]
    [InlineData("-h")]
    [InlineData("urls=http://a")]
    public void What_does_not_begin_with_two_dashes_is_none(string word) => Assert.Null(GivenOption.At([word], 0));

    [Fact]
    public void A_value_is_no_option_of_its_own() =>
        Assert.Equal(["urls", "environment"], GivenOption.All(["--urls", "http://a", "stray", "--environment=b"]).Select(option => option.Name));
}
