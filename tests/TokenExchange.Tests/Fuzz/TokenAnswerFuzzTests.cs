using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Harness;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace TokenExchange.Tests.Fuzz;

/// <summary>Answers of token endpoints: taken exactly where the RFCs, written down here once more, take them.</summary>
public sealed partial class TokenAnswerFuzzTests
{
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    [Theory]
    [InlineData(6749)]
    public void An_answer_is_taken_exactly_where_it_is_sound(int seed)
    {
        var random = new Random(seed);
        var json = new TwistedJson(random);
        var profile = ExchangeProfile.Find("rfc8693")!;
        var taken = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var bound = random.Once(2);
            var lenient = random.Once(2);
            var document = json.Document(
                ("access_token", "\"eyJ.eyJ.c2ln\""), ("token_type", bound ? "\"DPoP\"" : "\"Bearer\""), ("issued_token_type", $"\"{AccessToken}\""),
                ("expires_in", random.One("300", "1", "1000000000", "1000000001")), ("scope", random.One("\"a b\"", "\"\"", "\"a\"", "\"a\\\\b\"")));

            var answer = TokenResponseReader.Read(AnswerReader.ParseObject(document), profile, lenient, bound);

            var sound = TwistedJson.Strict(document) is { } body && IsSound(body, lenient, bound) ? body : (JsonElement?)null;
            Assert.True((answer is not null) == (sound is not null), Encoding.UTF8.GetString(document));
            if (answer is not null)
            {
                taken++;
                Assert.Equal(TwistedJson.Text(sound!.Value, "access_token"), answer.AccessToken);
                Assert.Equal(Seconds(sound.Value), (long?)answer.ExpiresIn?.TotalSeconds);
                Assert.Equal(TwistedJson.Text(sound.Value, "scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).Distinct(), answer.Scope);
            }
        }

        Assert.InRange(taken, Fuzzing.Inputs / 20, Fuzzing.Inputs / 2);
    }

    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("{\"access_token\":\"x\",")]
    [InlineData("\\u0061")]
    [InlineData("[0,")]
    public void Reading_costs_in_proportion_to_the_answer(string piece) => Fuzzing.AssertLinear(piece, text => AnswerReader.ParseObject(Encoding.UTF8.GetBytes(text)));

    private static bool IsSound(JsonElement answer, bool lenient, bool bound) =>
        TwistedJson.Text(answer, "access_token") is { Length: <= 16 * 1024 } token && Visible().IsMatch(token)
        && string.Equals(TwistedJson.Text(answer, "token_type"), bound ? "DPoP" : "Bearer", StringComparison.OrdinalIgnoreCase)
        && (TwistedJson.Member(answer, "issued_token_type") is null ? lenient : TwistedJson.Text(answer, "issued_token_type") == AccessToken)
        && (TwistedJson.Member(answer, "expires_in") is null || Seconds(answer) is > 0 and <= 1_000_000_000)
        && (TwistedJson.Member(answer, "scope") is null || (TwistedJson.Text(answer, "scope") is { } scope && Scope().IsMatch(scope)));

    private static long? Seconds(JsonElement answer) =>
        TwistedJson.Member(answer, "expires_in") is { ValueKind: JsonValueKind.Number } number
        && decimal.TryParse(number.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds == decimal.Floor(seconds) && Math.Abs(seconds) < long.MaxValue
            ? (long)seconds
            : null;

    [GeneratedRegex(@"\A[!-~]+\z")]
    private static partial Regex Visible();

    /// <summary>RFC 6749 §3.3, and spaces.</summary>
    [GeneratedRegex(@"\A[\x20\x21\x23-\x5B\x5D-\x7E]*\z")]
    private static partial Regex Scope();
}
