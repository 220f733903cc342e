using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>Two URIs are one exactly when RFC 3986 says so by its normal forms of §6.2.2 and §6.2.3.</summary>
public sealed class HttpUriTests
{
    [Theory]
    [InlineData("https://h.example", "https://h.example/")]
    [InlineData("HTTPS://H.example/a", "https://h.example/a")]
    [InlineData("https://h.example:443/a", "https://h.example/a")]
    [InlineData("http://h.example:80/a", "http://h.example/a")]
    [InlineData("http://h.example:/a", "http://h.example/a")]
    [InlineData("http://[::1]:80/a", "http://[::1]/a")]
    [InlineData("https://h.example/%7Euser", "https://h.example/~user")]
    [InlineData("https://h.example/a%2fb", "https://h.example/a%2Fb")]
    [InlineData("https://h.example/a/./b", "https://h.example/a/b")]
    [InlineData("https://h.example/a/../b", "https://h.example/b")]
    [InlineData("https://h.example/../../b", "https://h.example/b")]
    [InlineData("https://h.example/a/b/..", "https://h.example/a/")]
    [InlineData("https://h.example/a/.", "https://h.example/a/")]
    [InlineData("https://h.example/a/%2e%2E/b", "https://h.example/b")]
    [InlineData("https://h.example/a?x#y", "https://h.example/a")]
    [InlineData("https://h.example?x", "https://h.example/")]
    [InlineData("https://h.example//a", "https://h.example//a")]
    public void These_are_one(string one, string other) => Assert.True(HttpUri.Same(one, other));

    [Theory]
    [InlineData("https://h.example/a", "https://h.example/a/")]
    [InlineData("https://h.example/a", "https://h.example/A")]
    [InlineData("https://h.example/a", "http://h.example/a")]
    [InlineData("https://h.example:80/a", "https://h.example/a")]
    [InlineData("https://h.example/a%2Fb", "https://h.example/a/b")]
    [InlineData("https://h.example/a;x", "https://h.example/a")]
    [InlineData("https://h.example/a//b", "https://h.example/a/b")]
    [InlineData("https://h.example./a", "https://h.example/a")]
    [InlineData("https://h.example.attacker.example/a", "https://h.example/a")]
    public void These_are_two(string one, string other) => Assert.False(HttpUri.Same(one, other));

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("h.example/a")]
    [InlineData("//h.example/a")]
    [InlineData("ftp://h.example/a")]
    [InlineData("https:/h.example/a")]
    [InlineData("https:///a")]
    [InlineData("https://")]
    [InlineData("https://user@h.example/a")]
    [InlineData("https://h.example@attacker.example/a")]
    [InlineData("https://h.example\\@attacker.example/a")]
    [InlineData("https://h.example:8x/a")]
    [InlineData("https://h.example:1:2/a")]
    [InlineData("https://h%2eexample/a")]
    [InlineData("https://h.example/%")]
    [InlineData("https://h.example/%4")]
    [InlineData("https://h.example/%zz")]
    [InlineData("https://h.example/a b")]
    [InlineData("https://h.example/\u00e4")]
    [InlineData("https://h\u00e4.example/")]
    [InlineData("https://h.example/a\n")]
    public void These_are_none(string uri) => Assert.Null(HttpUri.NormalForm(uri));
}
