using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>The first slips of somebody new: the message says what to write.</summary>
public sealed class BeginnersTests
{
    [Theory]
    [InlineData("W:RequiredScopes='read write'", "it must be a list: [\"read\", \"write\"].")]
    [InlineData("W:Destinations='http://weather.mcp.svc:8080/mcp'", "it must be a list: [\"http://weather.mcp.svc:8080/mcp\"].")]
    [InlineData("W:RequiredScopes=1", "it must be a list [ … ].")]
    public void One_text_in_place_of_a_list_is_shown_as_the_list(string change, string fragment) =>
        Assert.Contains(fragment, Assert.Single(Given.Loaded(Given.Changed(change)).Problems).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "Gateway": { "PublicUrl": "x",, } }""", "There is a comma too many.")]
    [InlineData("""{ "Gateway": { "PublicUrl": "x" "Servers": {} } }""", "A comma is missing before it.")]
    [InlineData("""{ 'Gateway': {} }""", "Write double quotes.")]
    [InlineData("""{ "Gateway": { "PublicUrl": 'x' } }""", "Write double quotes.")]
    [InlineData("""{ "Gateway": { "PublicUrl": "x" }""", "A closing } or ] is missing.")]
    public void What_is_no_JSON_says_what_to_write(string text, string fragment) =>
        Assert.EndsWith(fragment, Assert.Single(Given.Loaded(text).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_of_Gateway_beside_it_is_sent_inside() => Assert.Contains(
        Given.Loaded("""{ "PublicUrl": "https://mcp.example.com" }""").Problems,
        problem => problem is { Rule: "unknown-key", Key: "PublicUrl" } && problem.Message.EndsWith("it belongs into the object 'Gateway'.", StringComparison.Ordinal));
}
