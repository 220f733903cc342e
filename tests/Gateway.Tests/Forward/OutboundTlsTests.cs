using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>MCP servers with a certificate of a private authority that ask for one of the gateway's.</summary>
public sealed class OutboundTlsTests : IAsyncDisposable
{
    private readonly TestAuthority authority = new("mcp authority");
    private readonly TestAuthority clients = new("client authority");
    private readonly List<string> seen = [];
    private readonly TestMcpServer server;

    public OutboundTlsTests()
    {
        var https = new HttpsConnectionAdapterOptions { ServerCertificate = authority.IssueServer("127.0.0.1"), ClientCertificateMode = ClientCertificateMode.AllowCertificate };
        https.AllowAnyClientCertificate();
        server = new(https);
        var sound = server.Answer;
        server.Answer = context =>
        {
            seen.Add(context.Connection.ClientCertificate is { } shown ? Convert.ToHexString(SHA256.HashData(shown.RawData)) : "none");

            // Each call over a connection of its own, which shows what the files hold then.
            context.Response.Headers.Connection = "close";
            return sound(context);
        };
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        authority.Dispose();
        clients.Dispose();
    }

    [Fact]
    public async Task Without_the_authority_the_server_is_not_believed()
    {
        await using var world = await StartAsync(null);

        Assert.Equal((502, "upstream_unavailable"), await CallAsync(world));
        Assert.Empty(seen);
    }

    [Fact]
    public async Task With_it_the_server_is_and_another_authority_is_not_enough()
    {
        await using var world = await StartAsync(new() { ["CaFile"] = "ca.pem" }, ("ca.pem", authority.Pem));
        Assert.Equal((200, null), await CallAsync(world));
        Assert.Equal(["none"], seen);

        await using var other = await StartAsync(new() { ["CaFile"] = "ca.pem" }, ("ca.pem", clients.Pem));
        Assert.Equal((502, "upstream_unavailable"), await CallAsync(other));
        Assert.Single(seen);
    }

    [Fact]
    public async Task The_certificate_is_shown_and_a_rotated_one_takes_its_place()
    {
        var clock = new ManualClock();
        var (first, second) = (clients.Issue("gateway-1"), clients.Issue("gateway-2"));
        await using var world = await StartAsync(
            new() { ["CaFile"] = "ca.pem", ["CertificateFile"] = "tls.crt", ["KeyFile"] = "tls.key" }, clock, ("ca.pem", authority.Pem), ("tls.crt", first.Certificate), ("tls.key", first.Key));
        Assert.Equal((200, null), await CallAsync(world));

        // Between the two writes of a rotation that of before goes on, for ten seconds.
        Write(world, ("tls.crt", second.Certificate));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((200, null), await CallAsync(world));
        Write(world, ("tls.key", second.Key));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((200, null), await CallAsync(world));
        Assert.Equal([first.Thumbprint, first.Thumbprint, second.Thumbprint], seen);

        Write(world, ("tls.key", first.Key));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((200, null), await CallAsync(world));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((502, "upstream_unavailable"), await CallAsync(world));
    }

    [Fact]
    public async Task A_key_that_others_may_read_is_not_used_for_a_moment_longer_and_is_once_they_may_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Modes of files are of Unix.");
        var clock = new ManualClock();
        var shown = clients.Issue("gateway-1");
        await using var world = await StartAsync(
            new() { ["CaFile"] = "ca.pem", ["CertificateFile"] = "tls.crt", ["KeyFile"] = "tls.key" }, clock, ("ca.pem", authority.Pem), ("tls.crt", shown.Certificate), ("tls.key", shown.Key));
        Assert.Equal((200, null), await CallAsync(world));

        Allow(PathOf(world, "tls.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((502, "upstream_unavailable"), await CallAsync(world));

        Allow(PathOf(world, "tls.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((200, null), await CallAsync(world));
        Assert.Equal([shown.Thumbprint, shown.Thumbprint], seen);
    }

    private static async Task<(int Status, string? Reason)> CallAsync(World world)
    {
        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());
        return (answer.Status, answer.Status == 200 ? null : answer.Reason);
    }

    private Task<World> StartAsync(JsonObject? tls, params (string Name, string Text)[] files) => StartAsync(tls, null, files);

    private async Task<World> StartAsync(JsonObject? tls, ManualClock? clock, params (string Name, string Text)[] files)
    {
        var directory = Scratch.Directory("outbound-tls-");
        foreach (var (name, text) in files)
        {
            Write(Path.Combine(directory, name), text);
        }

        return await World.StartAsync(
            options =>
            {
                var weather = options["Servers"]!["weather"]!.AsObject();
                weather["Destinations"] = new JsonArray(server.Url);
                weather["Outbound"]!["Resource"] = "https://weather.internal/mcp";
                if (tls is not null)
                {
                    weather["Tls"] = new JsonObject(tls.Select(member => KeyValuePair.Create<string, JsonNode?>(member.Key, Path.Combine(directory, member.Value!.GetValue<string>()))));
                }
            },
            clock);
    }

    private static void Write(World world, (string Name, string Text) file) => Write(PathOf(world, file.Name), file.Text);

    private static string PathOf(World world, string file)
    {
        var tls = JsonNode.Parse(File.ReadAllText(world.Gateway.ConfigPath))!["Gateway"]!["Servers"]!["weather"]!["Tls"]!;
        return Path.Combine(Path.GetDirectoryName(tls["CaFile"]!.GetValue<string>())!, file);
    }

    private static void Allow(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private static void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        Allow(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
