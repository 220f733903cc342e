using System.Text;
using Gateway.Configure;
using Xunit;

namespace Gateway.Tests.Configure;

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
                "Destinations": ["http://weather:8080/mcp"],
                "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp", "Resource": "https://weather.internal/mcp" },
              },
              "files": {
                "Destinations": ["http://files:8080/mcp"],
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
}
