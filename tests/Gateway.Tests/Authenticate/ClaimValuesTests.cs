using System.Collections.Frozen;
using System.Text.Json;
using Gateway.Authenticate;
using Xunit;

namespace Gateway.Tests.Authenticate;

/// <summary>A required claim is there with an admitted value, exactly as it is written; everything else is not.</summary>
public sealed class ClaimValuesTests
{
    [Theory]
    [InlineData("""{"tid":"acme"}""", true)]
    [InlineData("""{"tid":["other","acme"]}""", true)]
    [InlineData("""{"tid":7}""", true)]
    [InlineData("""{"tid":true}""", true)]
    [InlineData("{}", false)]
    [InlineData("""{"TID":"acme"}""", false)]
    [InlineData("""{"tid":"Acme"}""", false)]
    [InlineData("""{"tid":"acme "}""", false)]
    [InlineData("""{"tid":"acme,other"}""", false)]
    [InlineData("""{"tid":[]}""", false)]
    [InlineData("""{"tid":["ACME"]}""", false)]
    [InlineData("""{"tid":[7,null,{"acme":"acme"},["acme"]]}""", false)]
    [InlineData("""{"tid":8}""", false)]
    [InlineData("""{"tid":7.0}""", false)]
    [InlineData("""{"tid":false}""", false)]
    [InlineData("""{"tid":null}""", false)]
    [InlineData("""{"tid":{"acme":"acme"}}""", false)]
    [InlineData("""["tid","acme"]""", false)]
    public void A_claim_counts_with_one_of_its_values_alone(string claims, bool admitted)
    {
        var required = new RequiredClaim("tid", FrozenSet.Create(StringComparer.Ordinal, "acme", "7", "true"));

        Assert.Equal(admitted, ClaimValues.HasAny(JsonDocument.Parse(claims).RootElement, required));
    }
}
