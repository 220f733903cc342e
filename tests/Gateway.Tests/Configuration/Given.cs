using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Configurations as tests write them.</summary>
internal static class Given
{
    /// <summary>Two servers behind one authorization server, nothing wrong with them.</summary>
    public const string Good = """
        {
          // A comment, and a trailing comma below.
          "Gateway": {
            "PublicUrl": "https://mcp.example.com",
            "AuthorizationServers": {
              "corp": {
                "Issuer": "https://login.example.com/realms/corp",
                "Client": { "Id": "mcp-gateway", "Authentication": "client_secret_basic", "SecretFile": "/dev/null" },
              },
            },
            "Servers": {
              "weather": {
                "Destinations": ["http://weather.mcp.svc:8080/mcp"], "AdvertisedScopes": ["weather.read"],
                "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp", "Resource": "https://weather.internal/mcp" },
              },
              "files": {
                "Destinations": ["http://files.mcp.svc:8080/mcp"], "AdvertisedScopes": ["files.read"],
                "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp", "Resource": "https://files.internal/mcp" },
              },
            },
          },
        }
        """;

    public static LoadedConfiguration Loaded(string text, params ConfigurationOverride[] overrides) =>
        ConfigurationLoader.Load(Encoding.UTF8.GetBytes(text), new ConfigurationInput { Path = "gateway.json", Overrides = [.. overrides] });

    /// <summary>The good configuration with one place of its text replaced.</summary>
    public static string GoodWith(string text, string replacement)
    {
        Assert.Contains(text, Good, StringComparison.Ordinal);
        var start = Good.IndexOf(text, StringComparison.Ordinal);
        return Good[..start] + replacement + Good[(start + text.Length)..];
    }

    public static ConfigurationOverride Option(string key, string value) => new(key, value, $"option --{key}");

    /// <summary>
    /// The good configuration with keys set or removed: <c>Key=value; -Key</c>, where Gateway: is left out, W, F and A
    /// stand for the servers and the authorization server, and single quotes for double ones.
    /// </summary>
    public static string Changed(string changes)
    {
        var root = JsonNode.Parse(Good, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        foreach (var change in changes.Split("; "))
        {
            var removed = change[0] == '-';
            var equals = change.IndexOf('=', StringComparison.Ordinal);
            var keys = KeyOf(removed ? change[1..] : change[..equals]).Split(':');
            var node = root;
            foreach (var key in keys[..^1])
            {
                node = node is JsonArray list ? list[int.Parse(key, CultureInfo.InvariantCulture)]! : node[key] ??= new JsonObject();
            }

            if (removed)
            {
                Assert.True(node.AsObject().Remove(keys[^1]), change);
            }
            else
            {
                node[keys[^1]] = JsonNode.Parse(change[(equals + 1)..].Replace('\'', '"'));
            }
        }

        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true, TypeInfoResolver = new DefaultJsonTypeInfoResolver() });
    }

    private static string KeyOf(string key) => key.Split(':', 2) switch
    {
        ["$", var rest] => rest,
        ["W", var rest] => "Gateway:Servers:weather:" + rest,
        ["F", var rest] => "Gateway:Servers:files:" + rest,
        ["A", var rest] => "Gateway:AuthorizationServers:corp:" + rest,
        _ => "Gateway:" + key,
    };
}
