using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>Routing and checked audience agree, whatever the path; a token for one server is worthless at every other.</summary>
public sealed class RoutingProperties
{
    private static readonly string[] Near =
        ["weather", "weather2", "weathe", "w", "we-ather", "notes", "notes.v2", "a", "ab", "team-a", "team-ab", "x_y"];

    [Fact]
    public async Task A_path_reaches_the_server_whose_audience_was_checked_or_nobody()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        string[] pieces =
            ["/", "//", "/weather", "/Weather", "/notes", "/NOTES", "/..", "/.", "/%2e%2e", "%2f", "%2F..%2F", "%5c", "\\", ";", ";x", "/..;", "/%77eather", "%00", "/a", "?x=/notes", "/weather/../notes", "%c0%af"];
        var paths = Gen.Select(Gen.ArrayOf(Gen.Elements(pieces)), parts => "/weather" + string.Concat(parts))
            .Where(path => path.Length < 200);
        var any = Gen.OneOf(paths, Gen.Select(Gen.ArrayOf(Gen.Elements(pieces)), parts => "/" + string.Concat(parts)));

        Prop.ForAll(Arb.From(any), path =>
        {
            var before = world.Weather.Requests.Count;
            var status = Send(world, path, token);
            var arrived = world.Weather.Requests.Skip(before).ToArray();

            // Never the other server, never an error of the gateway; and what arrives stays below the destination's path.
            return world.Notes.Requests.Count == 0
                && status is < 500
                && arrived.All(request => request.Path == "/mcp" || request.Path.StartsWith("/mcp/", StringComparison.Ordinal))
                && (arrived.Length == 0 || path.StartsWith("/weather", StringComparison.Ordinal));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

        // A gateway that refuses every path would hold all of this.
        var arrivals = world.Weather.Requests.Count;
        foreach (var path in new[] { "/weather", "/weather/", "/weather/a", "/weather/a/a?x=/notes" })
        {
            Assert.Equal(200, Send(world, path, token));
        }

        Assert.Equal(["/mcp", "/mcp/", "/mcp/a", "/mcp/a/a"], world.Weather.Requests.Skip(arrivals).Select(request => request.Path));
    }

    [Fact]
    public async Task A_token_for_one_server_is_refused_at_every_other()
    {
        await using var authorizationServer = new TestAuthorizationServer();
        await using var server = new TestMcpServer();
        await using var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject { ["corp"] = new JsonObject { ["Issuer"] = authorizationServer.Issuer } },
            ["Servers"] = new JsonObject(Near.Select(id => KeyValuePair.Create<string, JsonNode?>(id, new JsonObject
            {
                ["Destinations"] = new JsonArray(server.Url),
                ["Outbound"] = new JsonObject { ["Mode"] = "none" },
            }))),
        });

        foreach (var mine in Near)
        {
            var token = authorizationServer.Token($"{TestGateway.PublicUrl}/{mine}");
            foreach (var other in Near)
            {
                var before = server.Requests.Count;
                var answer = await gateway.CallAsync("/" + other, token);

                Assert.Equal(mine == other ? 200 : 401, answer.Status);
                Assert.Equal(mine == other ? null : "audience_invalid", answer.Reason);
                Assert.Equal(mine == other ? 1 : 0, server.Requests.Count - before);
            }
        }
    }

    private static int Send(World world, string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(world.Gateway.Url + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(Messages.Call("echo"))) { Headers = { ContentType = new("application/json") } };
        using var response = world.Gateway.Client.SendAsync(request, CancellationToken.None).GetAwaiter().GetResult();
        return (int)response.StatusCode;
    }
}
