using System.Net;
using Gateway.Forward;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>Of an MCP server's challenge, scope tokens alone are taken over into the gateway's own.</summary>
public sealed class OutboundChallengeTests
{
    [Theory]
    [InlineData("Bearer scope=\"weather:write\"", "weather:write")]
    [InlineData("bearer error=\"insufficient_scope\", SCOPE=\"b a\"", "a b")]
    [InlineData("Bearer error=\"insufficient_scope\",scope=\"a\"", "a")]
    [InlineData("Bearer x-scope=\"evil\"", "")]
    [InlineData("Bearer x-scope=\"evil\", scope=\"a\"", "a")]
    [InlineData("Bearer scope=\"a b\\\" c\"", "a c")]
    [InlineData("Bearer realm=\"x, scope=\", scope=\"a\"", "a")]
    [InlineData("Bearer realm=\"x, scope=\\\"evil\\\"\"", "")]
    [InlineData("Bearer error_description=\"needs scope=evil, scope=\\\"worse\\\"\", scope=\"a\"", "a")]
    [InlineData("Bearer scope = \"a\"", "a")]
    [InlineData("Bearer scope=a", "a")]
    [InlineData("Bearer scope=\"a\\b\"", "ab")]
    [InlineData("Bearer realm=\"x\", , scope=\"a\"", "a")]
    [InlineData("Bearer scope=\"a\", scope=\"b\"", null)]
    [InlineData("Bearer scope=\"a\", SCOPE=\"a\"", null)]
    [InlineData("Bearer scope=\"a\" realm=\"b\"", null)]
    [InlineData("Bearer scope=", "")]
    [InlineData("Bearer scope=, realm=\"x\"", null)]
    [InlineData("Bearer =\"a\", scope=\"a\"", null)]
    [InlineData("Bearer abc==", "")]
    [InlineData("Basic realm=\"Bearer scope=\\\"evil\\\"\", Bearer scope=\"a\"", "a")]
    [InlineData("Basic realm=\"x\", Bearer realm=\"y\", scope=\"a\", DPoP scope=\"b\"", "a")]
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

    [Theory]
    [InlineData("DPoP error=\"use_dpop_nonce\"", true)]
    [InlineData("dpop algs=\"ES256\", Error=use_dpop_nonce", true)]
    [InlineData("Bearer scope=\"a\", DPoP error=\"use_dpop_nonce\"", true)]
    [InlineData("Bearer error=\"use_dpop_nonce\"", false)]
    [InlineData("DPoP error=\"invalid_token\", error_description=\"not error=use_dpop_nonce\"", false)]
    [InlineData("DPoP x-error=\"use_dpop_nonce\"", false)]
    [InlineData("DPoP error=\"use_dpop_nonce_not\"", false)]
    [InlineData("DPoP error=\"invalid_token\", error=\"use_dpop_nonce\"", false)]
    [InlineData("DPoP", false)]
    public void A_nonce_is_asked_for_by_the_error_of_a_DPoP_challenge_alone(string challenge, bool asks)
    {
        using var answer = With(challenge);
        Assert.Equal(asks, OutboundChallenge.AsksForNonce(answer));
    }

    [Theory]
    [InlineData("Bearer error=\"invalid_token\", error_description=\"It is \\\"over\\\"\"", "invalid_token: It is \"over\"")]
    [InlineData("Bearer realm=\"x error=\\\"evil\\\"\", error=\"invalid_token\"", "invalid_token")]
    [InlineData("Bearer realm=\"error=evil\"", "")]
    [InlineData("Bearer error=\"a\", error=\"b\"", "")]
    public void What_a_challenge_says_is_its_own_error(string challenge, string said)
    {
        using var answer = With(challenge);
        Assert.Equal(said, OutboundChallenge.Said(answer).Without(default) ?? "");
    }

    private static HttpResponseMessage With(string challenge)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.Unauthorized);
        Assert.True(answer.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge));
        return answer;
    }

    private static string? Of(string challenge)
    {
        using var answer = With(challenge);
        return OutboundChallenge.ScopesOf(answer)?.ToString();
    }
}
