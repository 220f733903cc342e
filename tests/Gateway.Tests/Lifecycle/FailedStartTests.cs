using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>A gateway that cannot be made leaves nothing behind.</summary>
public sealed class FailedStartTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-failed-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void What_was_opened_is_closed_when_the_configuration_cannot_be_applied()
    {
        var keys = Write("keys", Convert.ToBase64String(new byte[32]));
        var audit = Path.Combine(directory.FullName, "audit.jsonl");
        TestGateway.Write(directory.FullName, new JsonObject
        {
            ["SessionKeyFile"] = keys,
            ["Audit"] = new JsonObject { ["File"] = audit },
            ["AuthorizationServers"] = new JsonObject { ["corp"] = new JsonObject { ["Issuer"] = "https://login.example.com" } },
            ["Servers"] = new JsonObject { ["files"] = new JsonObject { ["Destinations"] = new JsonArray("http://127.0.0.1:9/mcp"), ["Outbound"] = new JsonObject { ["Mode"] = "none" } } },
        });
        using var logs = new Logs();

        var failed = Assert.Throws<ConfigurationException>(() => GatewayApplication.Create(new GatewayStart
        {
            ConfigPath = Path.Combine(directory.FullName, "gateway.json"),
            Arguments = ["--urls", "http://127.0.0.1:0"],
            Configure = builder =>
            {
                builder.Services.AddSingleton<ILoggerProvider>(_ => logs);

                // It was there when it was judged.
                File.Delete(keys);
            },
        }));

        Assert.Contains("SessionKeyFile", failed.Message, StringComparison.Ordinal);
        Assert.True(logs.Disposed);
        using var alone = new FileStream(audit, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(0, alone.Length);
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Is made by the container with the rest, and told its end by it.</summary>
    private sealed class Logs : ILoggerProvider
    {
        public bool Disposed { get; private set; }

        public ILogger CreateLogger(string categoryName) => NullLogger.Instance;

        public void Dispose() => Disposed = true;
    }
}
