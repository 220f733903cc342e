using System.Text.Json;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>What two values of JSON that others wrote have to be to count as one.</summary>
public sealed class JsonValuesTests
{
    [Theory]
    [InlineData("10", "1.0e1", true)]
    [InlineData("-0", "0", true)]
    [InlineData("1e999999999", "0.01E+001000000001", false)]
    [InlineData("1e999999999", "10E+000999999998", true)]
    [InlineData("\"1e99999999999\"", "\"1e99999999999\"", true)]
    [InlineData("""{"a":"\u00e9","b":[1]}""", """{"b":[1.0],"a":"é"}""", true)]
    [InlineData("12345678901234567890", "12345678901234567891", false)]
    [InlineData("10e2147483647", "1e-2147483648", false)]
    [InlineData("10e2147483647", "1e2147483647", false)]
    [InlineData("0.1e-2147483648", "1e2147483647", false)]
    [InlineData("1e2147483648", "1e2147483648", false)]
    [InlineData("""{"a":[{"b":1e99999999999}]}""", """{"a":[{"b":1e99999999999}]}""", false)]
    [InlineData("1", "1e-99999999999", false)]
    public void Numbers_count_by_value_and_those_that_nobody_holds_equal_none(string one, string other, bool expected)
    {
        Assert.Equal(expected, JsonValues.AreEqual(JsonElement.Parse(one), JsonElement.Parse(other)));
        Assert.Equal(expected, JsonValues.AreEqual(JsonElement.Parse(other), JsonElement.Parse(one)));
    }
}
