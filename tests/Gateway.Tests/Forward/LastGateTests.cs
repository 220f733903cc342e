using System.Reflection;
using System.Text.Json.Nodes;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Tests.Forward;

/// <summary>The last gate by itself: it asks again what the stages before it have made sure of.</summary>
public sealed class LastGateTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public async Task A_request_that_was_not_cleared_does_not_pass()
    {
        await using var world = await World.StartAsync();
        var record = new RequestRecord { Time = clock.GetUtcNow(), Started = 0, RequestId = "r" };

        var fault = Assert.Throws<InvalidOperationException>(() => Pass(world, new GatewayRequest("r", record, clock), out _));

        Assert.Contains("not cleared", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hop_token_passes_to_the_moment_before_it_is_sent_no_more()
    {
        var (world, request) = await ClearedAsync("/weather");
        await using var _ = world;
        var until = ((OutboundCredential.HopToken)request.Cleared!.Credential).Token.SentUntil;

        clock.Advance(until - clock.GetUtcNow() - TimeSpan.FromTicks(1));
        Pass(world, request, out var passed);
        Assert.Equal(200, passed.HttpContext.Response.StatusCode);
        Assert.StartsWith("Bearer ", Assert.Single(passed.ProxyRequest.Headers.GetValues("Authorization")), StringComparison.Ordinal);
        Assert.Equal([request.Id], passed.ProxyRequest.Headers.GetValues("X-Request-Id"));

        clock.Advance(TimeSpan.FromTicks(1));
        Pass(world, request, out var fallen);
        Assert.Equal(401, fallen.HttpContext.Response.StatusCode);
        Assert.Equal(("result_lifetime", Retry.FreshToken), (request.Attempt.Refused!.Detail, request.Attempt.Retry));
        Assert.Empty(fallen.ProxyRequest.Headers);
        var headers = new HttpRequestMessage().Headers;
        Assert.Contains("No token for this server", Assert.Throws<InvalidOperationException>(() => OutboundRequest.InstallCredential(request.Cleared, clock, headers)).Message, StringComparison.Ordinal);
        Assert.Empty(headers);
    }

    [Fact]
    public async Task A_hop_token_for_another_server_does_not_pass()
    {
        var (world, request) = await ClearedAsync("/weather");
        await using var _ = world;
        var (elsewhere, other) = await ClearedAsync("/notes");
        await using var __ = elsewhere;
        var mixed = (Cleared)typeof(Cleared).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single().Invoke([request.Cleared!.Authorized, other.Cleared!.Credential]);
        var headers = new HttpRequestMessage().Headers;

        var fault = Assert.Throws<InvalidOperationException>(() => OutboundRequest.InstallCredential(mixed, clock, headers));

        Assert.Contains("No token for this server", fault.Message, StringComparison.Ordinal);
        Assert.Empty(headers);
    }

    [Fact]
    public async Task A_static_credential_stands_alone_under_its_name()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "static-key\n", TestContext.Current.CancellationToken);
        var (world, request) = await ClearedAsync("/weather", options => options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = "credential", ["Header"] = "X-Api-Key", ["File"] = file });
        await using var _ = world;
        var headers = new HttpRequestMessage().Headers;
        headers.TryAddWithoutValidation("x-api-key", "of the client");

        OutboundRequest.InstallCredential(request.Cleared!, clock, headers);

        Assert.Equal(["static-key"], headers.GetValues("X-Api-Key"));
        File.Delete(file);
    }

    /// <summary>A request that has passed every stage, as the gateway has made it.</summary>
    private async Task<(World World, GatewayRequest Request)> ClearedAsync(string path, Action<JsonObject>? change = null)
    {
        var seen = new Seen();
        var world = await World.StartAsync(change, clock, builder => builder.Services.AddSingleton<IStartupFilter>(seen));
        var token = world.As.Token(TestGateway.PublicUrl + path, (_, payload) => payload["exp"] = payload["exp"]!.GetValue<long>() + 36_000);
        Assert.Equal(200, (await world.Gateway.CallAsync(path, token)).Status);
        return (world, seen.Request!);
    }

    private static void Pass(World world, GatewayRequest request, out RequestTransformContext transform)
    {
        var context = new DefaultHttpContext { Request = { Method = "POST", Path = "/weather" } };
        context.Features.Set(request);
        transform = new RequestTransformContext { HttpContext = context, ProxyRequest = new HttpRequestMessage(), Path = context.Request.Path, Query = new QueryTransformContext(context.Request), DestinationPrefix = "http://127.0.0.1" };
        Assert.True(world.Gateway.Services.GetRequiredService<OutboundRequest>().Apply(transform).AsTask().IsCompletedSuccessfully);
    }

    private sealed class Seen : IStartupFilter
    {
        public GatewayRequest? Request { get; private set; }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, go) =>
            {
                await go(context);
                Request = context.Features.Get<GatewayRequest>() ?? Request;
            });
            next(app);
        };
    }
}
