using System.Globalization;
using System.Text.Json.Nodes;
using TokenExchange.Outbound;
using TokenExchange.Tests.Harness;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>What counts as a successful answer, and what does not.</summary>
public sealed class ExchangeResponseTests
{
    [Fact]
    public async Task A_sound_answer_gives_the_token_for_this_server()
    {
        await using var exchange = new Exchange();

        var issued = Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());

        Assert.Equal("https://mcp.example/weather", issued.Token.Server);
        Assert.Equal(ExchangeOrigin.Issued, issued.Origin);
        Assert.StartsWith("Bearer ey", issued.Token.AuthorizationHeader, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bearer")]
    [InlineData("BEARER")]
    public async Task The_token_type_is_compared_without_case(string type)
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => body["token_type"] = type)));
    }

    [Theory]
    [InlineData("""{"token_type":"N_A"}""")]
    [InlineData("""{"token_type":"DPoP"}""")]
    [InlineData("""{"token_type":"mac"}""")]
    [InlineData("""{"token_type":1}""")]
    [InlineData("""{"token_type":null}""")]
    [InlineData("""{"issued_token_type":"urn:ietf:params:oauth:token-type:id_token"}""")]
    [InlineData("""{"issued_token_type":"urn:ietf:params:oauth:token-type:refresh_token"}""")]
    [InlineData("""{"issued_token_type":["urn:ietf:params:oauth:token-type:access_token"]}""")]
    [InlineData("""{"access_token":""}""")]
    [InlineData("""{"access_token":null}""")]
    [InlineData("""{"access_token":7}""")]
    [InlineData("""{"access_token":"with space"}""")]
    [InlineData("""{"access_token":"with\r\nSet-Cookie: a=b"}""")]
    [InlineData("""{"access_token":"with\u0000nul"}""")]
    [InlineData("""{"access_token":"tökén"}""")]
    [InlineData("""{"expires_in":0}""")]
    [InlineData("""{"expires_in":-1}""")]
    [InlineData("""{"expires_in":1000000000000}""")]
    [InlineData("""{"expires_in":1000000001}""")]
    [InlineData("""{"expires_in":99999999999999999999}""")]
    [InlineData("""{"expires_in":3600.5}""")]
    [InlineData("""{"expires_in":3.6e3}""")]
    [InlineData("""{"expires_in":"3600"}""")]
    [InlineData("""{"expires_in":null}""")]
    [InlineData("""{"expires_in":true}""")]
    [InlineData("""{"scope":["mcp:read"]}""")]
    [InlineData("""{"scope":"mcp:read\nmcp:write"}""")]
    [InlineData("""{"scope":null}""")]
    public async Task An_answer_of_another_shape_is_rejected(string spoilt)
    {
        await using var exchange = new Exchange();
        var answer = StubAnswer.Token(exchange.Token(), body =>
        {
            foreach (var (name, value) in JsonNode.Parse(spoilt)!.AsObject())
            {
                body[name] = value?.DeepClone();
            }
        });

        AssertShape(await exchange.RunAsync(answer));
    }

    [Theory]
    [InlineData("access_token")]
    [InlineData("token_type")]
    [InlineData("issued_token_type")]
    public async Task An_answer_without_what_the_RFC_requires_is_rejected(string member)
    {
        await using var exchange = new Exchange();

        AssertShape(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => body.Remove(member))));
    }

    [Fact]
    public async Task A_missing_issued_token_type_passes_where_that_is_allowed()
    {
        await using var exchange = new Exchange();
        exchange.Settings = exchange.Settings with { AllowMissingIssuedTokenType = true };

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => body.Remove("issued_token_type"))));
        AssertShape(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => body["issued_token_type"] = "urn:ietf:params:oauth:token-type:jwt")));
    }

    [Fact]
    public async Task Without_expires_in_the_token_itself_says_how_long_it_lives()
    {
        await using var exchange = new Exchange();

        var issued = Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => body.Remove("expires_in"))));

        Assert.Equal(exchange.Clock.GetUtcNow() + TimeSpan.FromMinutes(5), issued.Token.ExpiresAt);
    }

    public static TheoryData<string> NotOneJsonObject =>
    [
        "",
        "null",
        "[]",
        "\"token\"",
        "{",
        "{} {}",
        "{}x",
        "\uFEFF{}",
        "{'access_token':'x'}",
        """{"access_token":"a","access_token":"b","token_type":"Bearer"}""",
        """{"access_token":"a","\u0061ccess_token":"b"}""",
        """{"access_token":"a","x":{"y":1,"y":2}}""",
        """{"access_token":"a",}""",
        """{"access_token":"a"/* comment */}""",
        """{"\ud800":1}""",
        """{"access_token":"\ud800","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}""",
    ];

    [Theory]
    [MemberData(nameof(NotOneJsonObject))]
    public async Task An_answer_that_is_not_one_strict_JSON_object_is_rejected(string body)
    {
        await using var exchange = new Exchange();

        AssertShape(await exchange.RunAsync(StubAnswer.Json(200, body)));
    }

    [Fact]
    public async Task A_duplicate_member_spoils_an_otherwise_sound_answer()
    {
        await using var exchange = new Exchange();
        var sound = $$"""{"access_token":"{{exchange.Token()}}","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","expires_in":300""";

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Json(200, sound + "}")));
        AssertShape(await exchange.RunAsync(StubAnswer.Json(200, sound + ""","expires_in":300}""")));
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("text/plain")]
    [InlineData("application/jwt")]
    [InlineData("application/jsonp")]
    public async Task Another_media_type_than_JSON_is_rejected(string type)
    {
        await using var exchange = new Exchange();
        var body = $$"""{"access_token":"{{exchange.Token()}}","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}""";

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Raw(200, "Content-Type: application/json;charset=UTF-8\r\n", body)));
        AssertShape(await exchange.RunAsync(StubAnswer.Raw(200, $"Content-Type: {type}\r\n", body)));
        AssertShape(await exchange.RunAsync(StubAnswer.Raw(200, "", body)));
    }

    [Theory]
    [InlineData(17 * 1024)]
    [InlineData(1024 * 1024)]
    public async Task A_token_or_answer_that_is_too_large_is_rejected(int length)
    {
        await using var exchange = new Exchange();

        AssertShape(await exchange.RunAsync(StubAnswer.Token(new string('a', length))));
    }

    [Fact]
    public async Task An_answer_of_unknown_length_is_read_no_further_than_64_KiB()
    {
        await using var exchange = new Exchange();
        var body = """{"x":" """ + new string('a', 80 * 1024);

        // No length and no end of the connection: who reads on waits for ever.
        AssertShape(await exchange.RunAsync(StubAnswer.Bytes(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n"))));
    }

    [Fact]
    public async Task A_refresh_token_and_an_ID_token_are_dropped()
    {
        await using var exchange = new Exchange();

        var issued = Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body => (body["refresh_token"], body["id_token"]) = ("refresh-canary", "id-canary"))));

        Assert.DoesNotContain("canary", issued.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_subject_token_echoed_back_is_rejected()
    {
        await using var exchange = new Exchange();
        exchange.Subject = Subjects.Token(value: exchange.Token());

        Assert.Equal(ResultRejection.Boomerang, Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync(StubAnswer.Token(exchange.Subject.Value))).Detail);
    }

    private static void AssertShape(ExchangeResult result) => Assert.Equal(ResultRejection.Shape, Assert.IsType<ExchangeResult.Rejected>(result).Detail);
}
