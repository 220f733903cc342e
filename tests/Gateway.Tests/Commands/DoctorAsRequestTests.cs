using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.HopTokens;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary><c>doctor</c> sends a destination what a request would send it, so that what passes there passes here.</summary>
public sealed class DoctorAsRequestTests : IDisposable
{
    private const string Message = """{"jsonrpc":"2.0","id":1,"result":{}}""";
    private const string Destination = "weather destination ";
    private static readonly RequestDelegate Begins = DoctorRun.Says(200, "application/json", Message, response => response.Headers["Mcp-Session-Id"] = "s-1");
    private readonly string directory = Directory.CreateTempSubdirectory("doctor-").FullName;

    [Fact]
    public async Task A_destination_that_asks_for_a_nonce_is_sent_each_message_once_more_with_it()
    {
        await using var world = await LocalAsync(outbound => outbound["Bind"] = "dpop");
        var used = 0;
        world.Weather.Answer = context =>
        {
            var sent = (string?)ReceivedProof.Of(context.Request.Headers["DPoP"].ToString()).Claims["nonce"];
            return sent == $"nonce-{used}" ? PassAsync() : AskAsync(context, $"nonce-{used}");

            Task PassAsync()
            {
                used++;
                return Begins(context);
            }
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        Assert.Contains("answers an initialize with 200 and the credential", run.Line("pass  " + Destination), StringComparison.Ordinal);
        Assert.Equal(["POST", "POST", "DELETE", "DELETE"], world.Weather.Requests.Select(request => request.Method));
    }

    [Fact]
    public async Task A_destination_that_takes_no_nonce_fails_after_two()
    {
        await using var world = await LocalAsync(outbound => outbound["Bind"] = "dpop");
        var asked = 0;
        world.Weather.Answer = context => AskAsync(context, $"nonce-{asked++}");

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 1, run.Output);
        Assert.Contains("it refuses the credential and says DPoP error=\"use_dpop_nonce\"", run.Line("FAIL  " + Destination), StringComparison.Ordinal);
        Assert.Equal(2, world.Weather.Requests.Count);
    }

    [Fact]
    public async Task Each_message_has_a_hop_token_of_its_own_where_they_are_for_one_call()
    {
        await using var world = await LocalAsync(outbound => outbound["BindCall"] = true, server => server["Destinations"] = new JsonArray(server["Destinations"]![0]!.GetValue<string>(), server["Destinations"]![0]!.GetValue<string>() + "/other"));
        await using var strict = await HopServer.StartAsync(TestGateway.PublicUrl + "/hop", options => (options.JwksUrl, options.RequireCallBinding) = (new Uri(world.Gateway.Url + "/hop/jwks"), true));
        var refused = new List<string>();
        world.Weather.Answer = async context =>
        {
            var arrived = world.Weather.Requests[^1];
            var answer = await strict.SendAsync(new HttpMethod(arrived.Method), "/mcp", arrived.Token, arrived.Method == "POST" ? arrived.Body : null);
            refused.AddRange(answer.Status == 200 ? [] : [$"{arrived.Method} {answer.Status} {answer.Reason}"]);
            await (answer.Status == 200 ? Begins : DoctorRun.Says(answer.Status, null, "", response => response.Headers.WWWAuthenticate = answer.Challenge))(context);
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        Assert.Empty(refused);
        Assert.Equal(["POST", "DELETE", "POST", "DELETE"], world.Weather.Requests.Select(request => request.Method));
        Assert.Equal(4, world.Weather.Requests.Select(request => request.Token).Distinct().Count());
    }

    [Fact]
    public async Task The_hop_token_of_a_message_has_the_scopes_of_its_operation_where_they_are_narrowed()
    {
        await using var world = await LocalAsync(outbound => outbound["NarrowToOperation"] = true, server =>
        {
            server["RequiredScopes"] = new JsonArray("tools");
            server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Scopes"] = new JsonArray("write") });
        });
        world.Weather.Answer = Begins;

        var run = await DoctorRun.OfAsync(world, world.WeatherToken((_, payload) => payload["scope"] = "tools write"));

        Assert.True(run.Exit == 0, run.Output);
        Assert.Contains("exchange scope: requested tools write, returned tools write", run.Output, StringComparison.Ordinal);
        Assert.All(world.Weather.Requests, request => Assert.Equal("tools", (string?)TokenReader.PayloadOf(request.Token!)["scope"]));
    }

    [Theory]
    [InlineData("exchange")]
    [InlineData("none")]
    [InlineData("credential")]
    public async Task A_server_that_is_told_who_calls_is_told_by_doctor(string mode)
    {
        await using var world = await IdentityAsync(mode);
        world.Weather.Answer = context => (context.Request.Headers["X-Forwarded-User"] == "alice" ? Begins : DoctorRun.Says(403, null, ""))(context);

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        run.Line("pass  " + Destination);
        Assert.Equal(2, world.Weather.Requests.Count);
    }

    [Theory]
    [InlineData("none", 401)]
    [InlineData("none", 403)]
    [InlineData("credential", 401)]
    [InlineData("credential", 403)]
    public async Task Without_a_token_a_server_that_is_told_who_calls_is_not_judged_by_its_refusal(string mode, int status)
    {
        await using var world = await IdentityAsync(mode);
        world.Weather.Answer = DoctorRun.Says(status, null, "");

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == 0, run.Output);
        var line = run.Line("note  " + Destination);
        Assert.Contains($"answers an initialize with {status}", line, StringComparison.Ordinal);
        Assert.Contains("whether it lets callers in is not known: it is told who calls (X-Forwarded-User), so give a token with --subject-token-file", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("credential")]
    public async Task A_server_that_is_told_who_calls_and_is_not_there_fails_all_the_same(string mode)
    {
        await using var world = await IdentityAsync(mode);
        world.Weather.Answer = DoctorRun.Says(404, null, "");

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == 1, run.Output);
        run.Line("FAIL  " + Destination);
    }

    [Fact]
    public async Task A_static_credential_that_cannot_be_read_fails_as_requests_do()
    {
        await using var world = await StaticAsync("canary-of-the-api-key");
        File.WriteAllText(Path.Combine(directory, "key"), "two\nlines");

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == 1, run.Output);
        Assert.DoesNotContain("pass  " + Destination, run.Output, StringComparison.Ordinal);
        Assert.Empty(world.Weather.Requests);
    }

    [Fact]
    public async Task A_destination_is_asked_in_the_version_of_http_that_the_cluster_says()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Map("/mcp", DoctorRun.Says(200, "application/json", Message));
        await app.StartAsync(TestContext.Current.CancellationToken);
        await using var world = await World.StartAsync(app.Urls.Single() + "/mcp", weather => weather["Cluster"] = JsonNode.Parse("""{"HttpRequest":{"Version":"2","VersionPolicy":"RequestVersionExact"}}"""));

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        run.Line("pass  " + Destination);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static Task AskAsync(HttpContext context, string nonce)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = "DPoP error=\"use_dpop_nonce\"";
        context.Response.Headers["DPoP-Nonce"] = nonce;
        return Task.CompletedTask;
    }

    private Task<World> LocalAsync(Action<JsonObject> change, Action<JsonNode>? more = null) => World.StartAsync(options =>
    {
        var keys = Path.Combine(directory, "signing");
        TokenExchange.Outbound.Local.SigningKeyFile.Create(keys, "ES256", TimeProvider.System);
        options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys };
        var outbound = new JsonObject { ["Mode"] = "local", ["Resource"] = HopServer.Resource };
        change(outbound);
        var weather = options["Servers"]!["weather"]!;
        weather["Outbound"] = outbound;
        more?.Invoke(weather);
    });

    private Task<World> IdentityAsync(string mode) => mode == "credential" ? StaticAsync("canary", Told) : World.StartAsync(options =>
    {
        var weather = options["Servers"]!["weather"]!;
        Told(weather);
        if (mode == "none")
        {
            weather["Outbound"] = new JsonObject { ["Mode"] = "none" };
        }
    });

    private static void Told(JsonNode weather) => weather["IdentityHeaders"] = new JsonArray(new JsonObject { ["Header"] = "X-Forwarded-User", ["Claim"] = "sub" });

    private Task<World> StaticAsync(string key, Action<JsonNode>? more = null)
    {
        var file = Path.Combine(directory, "key");
        File.WriteAllText(file, key);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!;
            weather["Outbound"] = new JsonObject { ["Mode"] = "credential", ["Header"] = "X-Api-Key", ["File"] = file };
            more?.Invoke(weather);
        });
    }
}
