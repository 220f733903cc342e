using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>A URL with a user and a password, at whatever key and however odd: no report shows any of the password.</summary>
public sealed class PasswordTests
{
    private static readonly string[] Urls =
    [
        "https://user:pw1canary@pw2canary@host.example/",
        "https://user:pw1canary@host.example/pw2@path",
        "https://user:pw1canary/pw2canary@host.example",
        "https://user:pw1canary?pw2canary@host.example#x",
        "http:user:pw1canary@pw2canary@host",
        "user:pw1canary@pw2canary@host:6379",
        "HTTPS://user:pw1canary'pw2canary@host",
        "https://user:pw1canary pw2canary@host/" + new string('x', 300),
        "https://user:pw1canary" + new string('x', 300) + "pw2canary@host/",
    ];

    public static TheoryData<string> Keys => [.. KeysOf(typeof(GatewayOptions), "").Distinct()];

    [Theory]
    [MemberData(nameof(Keys))]
    public void No_report_shows_the_password_of_a_URL(string key)
    {
        foreach (var url in Urls)
        {
            foreach (var value in (JsonNode[])[url, new JsonArray(url), new JsonObject { ["Unknown"] = url }])
            {
                var loaded = Given.Loaded(Given.Changed($"{key}={value.ToJsonString().Replace("'", "\\u0027", StringComparison.Ordinal)}"));
                var report = new ConfigurationReport("gateway.json", loaded);
                var shown = report.ToText(colour: false) + report.ToJson();

                Assert.DoesNotContain("pw1canary", shown, StringComparison.Ordinal);
                Assert.DoesNotContain("pw2canary", shown, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void What_is_left_still_says_which_host_is_meant() =>
        Assert.Contains("'https://…@host.example/'", Assert.Single(Given.Loaded(Given.Changed("PublicUrl='https://user:pw1@pw2@host.example/'")).Problems, problem => problem.Rule == "public-url").Message, StringComparison.Ordinal);

    private static IEnumerable<string> KeysOf(Type type, string prefix)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var key = prefix + property.Name;
            var valueType = property.PropertyType;
            yield return key;
            if (typeof(IDictionary).IsAssignableFrom(valueType) && valueType.GenericTypeArguments is [_, var entry] && entry.Namespace == typeof(GatewayOptions).Namespace)
            {
                foreach (var inner in KeysOf(entry, $"{key}:{(property.Name == "Servers" ? "weather" : "corp")}:"))
                {
                    yield return inner;
                }
            }
            else if (valueType.Namespace == typeof(GatewayOptions).Namespace && valueType.IsClass)
            {
                foreach (var inner in KeysOf(valueType, key + ":"))
                {
                    yield return inner;
                }
            }
        }
    }
}
