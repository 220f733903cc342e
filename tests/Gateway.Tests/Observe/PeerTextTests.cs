using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>What an MCP server or an authorization server writes into an answer that cannot be read is in no log, span, audit line or answer.</summary>
public sealed class PeerTextTests : IDisposable
{
    private const string Key = "static-key-canary-55c1";
    private readonly ConcurrentQueue<Activity> spans = new();
    private readonly ActivityListener listener;

    public PeerTextTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public static TheoryData<string, string> Malformed
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var mode in (string[])["exchange", "local", "credential", "same-token"])
            {
                foreach (var answer in (string[])[
                    "HTTP/1.1 {0}\r\n\r\n",
                    "{0}\r\n\r\n",
                    "HTTP/1.1 200 OK\r\n{0}\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX Y: {0}\r\n\r\n",
                    "HTTP/1.1 200 OK\r\n: {0}\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: {0}\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{0}\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n{0}\r\n\r\n",
                    "HTTP/9.9 200 {0}\r\n\r\n",
                    "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example.net/{0}\r\nContent-Length: 0\r\n\r\n",
                    "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example.net/%20{0}/{0}\r\nContent-Length: 0\r\n\r\n",
                    "HTTP/1.1 401 {0}\r\nWWW-Authenticate: {0}\r\nContent-Length: 0\r\n\r\n",
                    "HTTP/1.1 403 {0}\r\nWWW-Authenticate: Bearer error=\"{0}\", error_description=\"of {0}\"\r\nContent-Length: 0\r\n\r\n",
                ])
                {
                    cases.Add(mode, answer);
                }
            }

            return cases;
        }
    }

    public void Dispose() => listener.Dispose();

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_credential_that_an_MCP_server_sends_back_in_a_malformed_answer_is_told_nowhere(string mode, string answer)
    {
        await using var server = SocketMcpServer.Start();
        using var files = new Files();
        await using var world = await World.StartAsync(options => Mode(options, mode, server.Url, files));
        var token = world.WeatherToken();
        server.Answer = async stream =>
        {
            var credential = CredentialIn(server.Requests[^1]);
            await SocketMcpServer.Says(string.Format(null, answer, credential), Close.Fin)(stream);
        };

        Answer? got = null;
        try
        {
            got = await world.Gateway.CallAsync("/weather", token);
        }
        catch (HttpRequestException)
        {
            // Broken off on the way, as it was at the MCP server.
        }

        // Also told while the request ends.
        await world.Gateway.Audited;
        var credential = CredentialIn(server.Requests[0]);
        Assert.True(credential.Length > 10);
        var everything = string.Join('\n', [world.Gateway.Log, got?.Body, got?.Challenge, .. spans.Where(OfThisGateway).Select(Text)]);
        foreach (var piece in (string[])[credential, credential[..Math.Min(60, credential.Length)], credential[^20..], .. credential.Split('.').Where(part => part.Length > 40)])
        {
            Assert.DoesNotContain(piece, everything, StringComparison.Ordinal);
        }

        bool OfThisGateway(Activity span) => span.Source.Name is "Gateway" or "TokenExchange" or "Yarp.ReverseProxy" or "System.Net.Http";
    }

    [Theory]
    [InlineData("HTTP/1.1 {0}\r\n\r\n")]
    [InlineData("HTTP/1.1 400 Bad\r\n{0}\r\n\r\n")]
    [InlineData("HTTP/1.1 400 {0}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: https://x/{0}\r\nContent-Length: 0\r\n\r\n")]
    public async Task What_an_authorization_server_sends_back_is_told_nowhere(string answer)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(string.Format(null, answer, "canary-of-the-authorization-server"), Close.Fin);
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["TokenEndpoint"] = server.Url);

        var got = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.NotEmpty(server.Requests);
        Assert.True(got.Status is 502 or 503);
        Assert.DoesNotContain("canary-of-the", string.Join('\n', [world.Gateway.Log, got.Body, .. spans.Select(Text)]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_connection_is_logged_by_its_kinds()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Destinations"]![0] = "http://127.0.0.1:9/mcp");

        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Contains("HttpRequestException ConnectionError < SocketException ConnectionRefused", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_in_the_path_is_not_forwarded_and_in_no_span()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();

        var got = await world.Gateway.CallAsync("/weather/" + token, token);

        Assert.Equal((400, "multiple_credentials"), (got.Status, got.Reason));
        world.AssertNothingWasSent();
        Assert.DoesNotContain(token[..60], string.Join('\n', spans.Where(span => span.Source.Name == "System.Net.Http" && Equals(span.GetTagItem("server.port"), new Uri(world.Weather.Url).Port)).Select(Text)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_opaque_token_is_in_no_audit_line_wherever_it_was_repeated()
    {
        const string token = "zR4k9QwL0pX7bTn2vYc8";
        await using var world = await World.StartAsync();

        await world.Gateway.CallAsync("/weather", token, change: request => request.Headers.TryAddWithoutValidation("User-Agent", $"agent ({token}) {token}"));
        await world.Gateway.CallAsync("/nowhere", token, change: request => request.Headers.TryAddWithoutValidation("User-Agent", new string('x', 500) + token));

        Assert.Equal(2, world.Gateway.Audit.Count);
        Assert.DoesNotContain(token[..4], world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_whose_header_begins_with_a_blank_is_in_no_audit_line()
    {
        await using var world = await World.StartAsync();
        var sound = world.WeatherToken();
        var token = Respaced(sound, world);

        var got = await world.Gateway.CallAsync("/weather", token, Messages.Call(token), request => request.Headers.TryAddWithoutValidation("X-Other", "1"));

        Assert.Equal(200, got.Status);
        Assert.StartsWith("eyAi", token, StringComparison.Ordinal);
        Assert.Equal("[redacted]", (string?)world.Gateway.Audit[0]["operation"]);
        Assert.DoesNotContain(token[..40], world.Gateway.Log, StringComparison.Ordinal);
    }

    private static string Respaced(string sound, World world)
    {
        var parts = sound.Split('.');
        var header = "{ " + System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0]))[1..];
        var payload = System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]);
        return TokenForge.Sign(System.Text.Encoding.UTF8.GetBytes(header), payload, world.As.Keys[0]);
    }

    private static string CredentialIn(string request)
    {
        var line = request.Split("\r\n").First(line => line.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("X-Api-Key:", StringComparison.OrdinalIgnoreCase));
        return line[(line.LastIndexOf(' ') + 1)..];
    }

    private static void Mode(JsonObject options, string mode, string url, Files files)
    {
        var server = options["Servers"]!["weather"]!.AsObject();
        server["Destinations"] = new JsonArray(url);
        switch (mode)
        {
            case "local":
                options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = files.Keys() };
                server["Outbound"] = new JsonObject { ["Mode"] = "local" };
                break;
            case "credential":
                server["Outbound"] = new JsonObject { ["Mode"] = "credential", ["Header"] = "X-Api-Key", ["File"] = files.Write(Key) };
                break;
            case "same-token":
                server["Outbound"] = new JsonObject { ["Mode"] = "same-token" };
                break;
        }
    }

    private static string Text(Activity span) => string.Join('\n', [
        span.DisplayName,
        span.StatusDescription ?? "",
        .. span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"),

        // What .NET puts there by itself is cleaned where spans are exported: OtlpTests.
        .. span.Events.Where(@event => @event.Name != "exception").SelectMany(@event => @event.Tags.Select(tag => $"{@event.Name}: {tag.Key}={tag.Value}")),
    ]);

    private sealed class Files : IDisposable
    {
        private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-peer-text-");

        public string Write(string text)
        {
            var path = Path.Combine(directory.FullName, "key");
            File.WriteAllText(path, text);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return path;
        }

        public string Keys()
        {
            var path = directory.CreateSubdirectory("signing").FullName;
            TokenExchange.Outbound.Local.SigningKeyFile.Create(path, "ES256", TimeProvider.System);
            return path;
        }

        public void Dispose() => directory.Delete(recursive: true);
    }
}
