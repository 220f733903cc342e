using System.Net;
using Gateway.Forward;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>Of an MCP server's challenge, scope tokens alone are taken over into the gateway's own.</summary>
public sealed class UpstreamChallengeTests
{
    [Theory]
    [InlineData("Bearer scope=\"weather:write\"", "weather:write")]
    [InlineData("bearer error=\"insufficient_scope\", SCOPE=\"b a\"", "a b")]
    [InlineData("Bearer error=\"insufficient_scope\",scope=\"a\"", "a")]
    [InlineData("Bearer x-scope=\"evil\"", "")]
    [InlineData("Bearer x-scope=\"evil\", scope=\"a\"", "a")]
    [InlineData("Bearer scope=\"a b\\\" c\"", "a")]
    [InlineData("Bearer scope=\"a é b\"", "a b")]
    [InlineData("Bearer scope=\"a", null)]
    [InlineData("Bearer", "")]
    [InlineData("Basic realm=\"x\"", null)]
    [InlineData("DPoP scope=\"a\"", null)]
    public void Only_scope_tokens_of_a_Bearer_challenge_are_read(string challenge, string? scopes) =>
        Assert.Equal(scopes, Of(challenge));

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void A_scope_has_an_end(int length, bool taken) =>
        Assert.Equal(taken ? new string('a', length) : "", Of($"Bearer scope=\"{new string('a', length)}\""));

    [Fact]
    public void No_more_than_sixty_four_scopes_are_taken() =>
        Assert.Equal(64, Of($"Bearer scope=\"{string.Join(' ', Enumerable.Range(0, 100))}\"")!.Split(' ').Length);

    private static string? Of(string challenge)
    {
        using var answer = new HttpResponseMessage(HttpStatusCode.Forbidden);
        Assert.True(answer.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge));
        return UpstreamChallenge.ScopesOf(answer)?.ToString();
    }
}
