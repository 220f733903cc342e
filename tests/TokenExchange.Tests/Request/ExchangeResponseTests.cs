using System.Globalization;
using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Outbound;
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

        Assert.Equal("https://mcp.example/weather", issued.Token.InboundResource);
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
    [InlineData("""{"scope":null}""")]
    [InlineData("""{"expires_in":null}""")]
    [InlineData("""{"expires_in":300.0}""")]
    [InlineData("""{"expires_in":3E2}""")]
    [InlineData("""{"refresh_token":null,"id_token":null,"error":null}""")]
    public async Task A_member_that_is_null_is_absent_and_a_whole_number_is_one_however_it_is_written(string member)
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token(), body =>
        {
            foreach (var (name, value) in JsonNode.Parse(member)!.AsObject())
            {
                body[name] = value?.DeepClone();
            }
        })));
    }

    [Theory]
    [InlineData(30, 30, true)]
    [InlineData(30, 31, false)]
    [InlineData(120, 120, true)]
    [InlineData(0, 1, false)]
    public async Task Times_of_results_are_judged_with_the_skew_configured(int skew, int ahead, bool accepted)
    {
        await using var exchange = new Exchange();
        exchange.Settings = exchange.Settings with { ClockSkew = TimeSpan.FromSeconds(skew) };
        var token = exchange.Token(null, (_, payload) =>
        {
            payload["iat"] = exchange.Clock.GetUtcNow().ToUnixTimeSeconds() + ahead;
            payload["nbf"] = payload["iat"]!.DeepClone();
        });

        var result = await exchange.RunAsync(StubAnswer.Token(token));

        Assert.Equal(accepted, result is ExchangeResult.Issued);
    }

    [Fact]
    public async Task A_type_that_is_null_is_missing()
    {
        await using var exchange = new Exchange();
        var answer = StubAnswer.Token(exchange.Token(), body => body["issued_token_type"] = null);
        AssertShape(await exchange.RunAsync(answer));

        await using var lenient = new Exchange();
        lenient.Settings = lenient.Settings with { AllowMissingIssuedTokenType = true };
        Assert.IsType<ExchangeResult.Issued>(await lenient.RunAsync(StubAnswer.Token(lenient.Token(), body => body["issued_token_type"] = null)));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json;charset=UTF-8")]
    [InlineData("application/json; charset=\"utf-8\"")]
    [InlineData("Application/JSON; Charset=\"UTF-8\"; profile=\"a b; c\"")]
    [InlineData("application/json;")]
    public async Task The_media_type_counts_however_its_parameters_are_written(string type)
    {
        await using var exchange = new Exchange();
        var body = StubAnswer.Token(exchange.Token()).Text.Split("\r\n\r\n", 2)[1];

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Raw(200, $"Content-Type: {type}\r\n", body)));
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
    [InlineData("""{"expires_in":"3600"}""")]
    [InlineData("""{"expires_in":true}""")]
    [InlineData("""{"expires_in":-300.0}""")]
    [InlineData("""{"expires_in":1e10}""")]
    [InlineData("""{"expires_in":1e400}""")]
    [InlineData("""{"scope":["mcp:read"]}""")]
    [InlineData("""{"scope":"mcp:\"read\""}""")]
    [InlineData("""{"scope":"mcp:read\tmcp:write"}""")]
    [InlineData("""{"scope":"mcp:read\nmcp:write"}""")]
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
