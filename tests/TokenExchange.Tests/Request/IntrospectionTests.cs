using Harness;
using TokenExchange.Inbound.Introspection;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>Introspection: a clear yes, a clear no, and everything else is no word at all.</summary>
public sealed class IntrospectionTests
{
    [Fact]
    public async Task An_active_token_comes_with_its_claims()
    {
        await using var exchange = new Exchange();

        var active = Assert.IsType<IntrospectionAnswer.Active>(await AskAsync(exchange, StubAnswer.Json(200, """{"active":true,"sub":"alice"}""")));

        Assert.Equal("alice", active.Claims.GetProperty("sub").GetString());
        Assert.Equal("POST /introspect HTTP/1.1", exchange.Stub.Post.Head.Split("\r\n")[0]);
        Assert.Equal("opaque token", exchange.Stub.Post["token"]);
        Assert.StartsWith("Basic ", exchange.Stub.Post.Header("Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inactive_token_is_inactive()
    {
        await using var exchange = new Exchange();

        Assert.IsType<IntrospectionAnswer.Inactive>(await AskAsync(exchange, StubAnswer.Json(200, """{"active":false}""")));
    }

    [Theory]
    [InlineData(200, """{"active":"true"}""")]
    [InlineData(200, """{"active":1}""")]
    [InlineData(200, """{"active":null}""")]
    [InlineData(200, """{"active":false,"active":true}""")]
    [InlineData(200, """{"sub":"alice"}""")]
    [InlineData(200, "[true]")]
    [InlineData(200, "")]
    [InlineData(201, """{"active":true}""")]
    [InlineData(401, """{"error":"invalid_client","active":true}""")]
    [InlineData(403, """{"active":true}""")]
    [InlineData(302, """{"active":true}""")]
    [InlineData(500, """{"active":true}""")]
    public async Task Anything_else_is_neither(int status, string body)
    {
        await using var exchange = new Exchange();

        var unavailable = Assert.IsType<IntrospectionAnswer.Unavailable>(await AskAsync(exchange, StubAnswer.Json(status, body)));

        Assert.InRange(unavailable.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    private static async Task<IntrospectionAnswer> AskAsync(Exchange exchange, StubAnswer answer)
    {
        exchange.Stub.WireAnswer = _ => answer;
        return await new IntrospectionClient(exchange.Server, exchange.Client, null).IntrospectAsync("opaque token".AsMemory(), null, TestContext.Current.CancellationToken);
    }
}
