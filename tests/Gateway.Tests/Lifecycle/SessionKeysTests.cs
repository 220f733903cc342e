using System.Text.Json.Nodes;
using Gateway.Sessions;
using Gateway.Tests.Harness;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>All that a generation makes of the session keys, it makes of one reading of their file.</summary>
public sealed class SessionKeysTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("session-keys-").FullName;

    private string KeyFile => Path.Combine(directory, "session.keys");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void What_was_read_stays_what_it_was()
    {
        Write(1);
        var before = new SessionKeys().Read(KeyFile);
        var purpose = before.Derive("a");
        Write(2);

        Assert.Equal(purpose, before.Derive("a"));
        Assert.NotEqual(purpose, new SessionKeys().Read(KeyFile).Derive("a"));
        Assert.NotEqual(purpose, before.Derive("b"));
    }

    [Fact]
    public async Task A_file_that_changes_while_a_generation_is_built_gives_it_keys_once()
    {
        Write(1);
        await using var world = await World.StartAsync(
            options =>
            {
                options["SessionKeyFile"] = KeyFile;
                options["Servers"]!["weather"]!["Operations"] = JsonNode.Parse("""[{ "Method": "tools/call", "Name": "pay_*", "Approval": true }]""");
                options["Servers"]!["weather"]!["Outbound"]!["Bind"] = "dpop";
            },
            configure: builder => builder.Logging.AddProvider(new Meanwhile("SenderKeys", () => File.WriteAllText(KeyFile, "half a k"))));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal("half a k", await File.ReadAllTextAsync(KeyFile, TestContext.Current.CancellationToken));
    }

    private void Write(byte key) => File.WriteAllText(KeyFile, Convert.ToBase64String(Enumerable.Repeat(key, 32).ToArray()));

    /// <summary>Does something when a part of the gateway that has this name is made.</summary>
    private sealed class Meanwhile(string name, Action action) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName)
        {
            if (categoryName.EndsWith(name, StringComparison.Ordinal))
            {
                action();
            }

            return NullLogger.Instance;
        }

        public void Dispose()
        {
        }
    }
}
