using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace Demo.Walk;

/// <summary>The claims of a token, read without any check: for showing and comparing only.</summary>
internal sealed class Claims(JsonObject payload)
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The claims of a JWT; nothing is verified.</summary>
    public static Claims Of(string token) => new((JsonObject)JsonNode.Parse(Base64UrlEncoder.Decode(token.Split('.')[1]))!);

    /// <summary>How long the token lives, from <c>iat</c> to <c>exp</c>.</summary>
    public TimeSpan Lifetime => TimeSpan.FromSeconds(payload["exp"]!.GetValue<long>() - payload["iat"]!.GetValue<long>());

    /// <summary>A claim as it is written: a string without quotes, anything else as JSON, nothing as a hyphen.</summary>
    public string this[string name] => payload[name] switch
    {
        null => "-",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        var other => other.ToJsonString(Relaxed),
    };

    /// <summary>Rows of claim, value here, value there.</summary>
    public IEnumerable<IReadOnlyList<string>> BesideThoseOf(Claims other)
    {
        foreach (var name in new[] { "iss", "aud", "sub", "client_id", "act", "scope" })
        {
            yield return [name, this[name], other[name]];
        }

        yield return ["lifetime", Seconds(Lifetime), Seconds(other.Lifetime)];
        yield return ["jti", this["jti"], other["jti"]];
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");
}
