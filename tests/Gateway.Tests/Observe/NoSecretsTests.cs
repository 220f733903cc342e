using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>Query strings, tokens and secrets are in no log, span or metric, however much is logged and listened to.</summary>
public sealed class NoSecretsTests : IDisposable
{
    private const string Canary = "canary-9b1f07";

    private readonly ConcurrentQueue<Activity> spans = new();
    private readonly ActivityListener listener;

    public NoSecretsTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            SampleUsingParentId = (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        // As with an exporter of traces: the server's spans carry their attributes.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
    }

    public void Dispose() => listener.Dispose();

    [Theory]
    [InlineData("/weather?city=" + Canary, 200)]
    [InlineData("/weather/deep?city=" + Canary, 200)]
    [InlineData("/notes?city=" + Canary, 401)]
    [InlineData("/weather?access_token=" + Canary, 400)]
    [InlineData("/weather?a;access_token[]=" + Canary, 400)]
    [InlineData("/nowhere?city=" + Canary, 404)]
    [InlineData("/.well-known/oauth-protected-resource/weather?city=" + Canary, 200)]
    [InlineData("/healthz/ready?city=" + Canary, 200)]
    public async Task A_query_string_is_in_no_log_span_or_metric_at_any_level(string path, int status)
    {
        await using var world = await World.StartAsync(Operator.Management(), configure: LogEverything);
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var method = path.StartsWith("/weather", StringComparison.Ordinal) || path.StartsWith("/no", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get;
        var answer = await world.Gateway.SendAsync(method, path, world.WeatherToken(), method == HttpMethod.Post ? Messages.Call("echo") : null);

        Assert.Equal(status, answer.Status);
        await AssertNowhereAsync(world, Canary);
    }

    [Fact]
    public async Task A_query_string_is_in_no_log_when_the_server_cannot_be_reached_or_redirects()
    {
        await using var world = await World.StartAsync(
            Operator.Management(change: options => options["Servers"]!["notes"]!["Destinations"]![0] = "http://127.0.0.1:9/mcp"),
            configure: LogEverything);
        world.Weather.Answer = context =>
        {
            context.Response.Redirect($"https://elsewhere.example.net/?{Canary}");
            return Task.CompletedTask;
        };

        var redirected = await world.Gateway.CallAsync($"/weather?q={Canary}", world.WeatherToken());
        var unreachable = await world.Gateway.CallAsync($"/notes?q={Canary}", world.As.Token(World.NotesResource));

        Assert.Equal("upstream_redirected", redirected.Reason);
        Assert.Equal("upstream_unavailable", unreachable.Reason);
        await AssertNowhereAsync(world, Canary);
    }

    [Fact]
    public async Task Tokens_and_secrets_are_in_no_log_span_or_metric_at_any_level()
    {
        await using var world = await World.StartAsync(Operator.Management(), configure: LogEverything);
        var token = world.WeatherToken();

        await world.Gateway.CallAsync("/weather", token, change: request =>
        {
            request.Headers.UserAgent.ParseAdd($"agent/1 ({token})");
            request.Headers.TryAddWithoutValidation("Cookie", $"session={Canary}");
            request.Headers.TryAddWithoutValidation("X-Api-Key", Canary);
        });
        await world.Gateway.CallAsync("/notes", token);
        await world.Gateway.CallAsync("/weather", token, Messages.Call(token));
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "application/json";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, $$"""{"error":"invalid_grant","error_description":"{{Canary}} {{token}}"}""");
        };
        Assert.Equal("exchange_subject_refused", (await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource))).Reason);

        var hop = world.Weather.Requests[0].Token!;
        foreach (var secret in new[] { token, token.Split('.')[1], token.Split('.')[2], hop, hop.Split('.')[2], World.Secret, Canary })
        {
            await AssertNowhereAsync(world, secret);
        }
    }

    /// <summary>As an operator would who wants to see everything, and in each way that configuration has.</summary>
    private static void LogEverything(WebApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(new[] { "Default", "Microsoft", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.Http1", "System.Net.Http", "Yarp", "Yarp.ReverseProxy.Forwarder.HttpForwarder" }
            .Select(category => KeyValuePair.Create<string, string?>("Logging:LogLevel:" + category, "Trace")));
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
    }

    private async Task AssertNowhereAsync(World world, string secret)
    {
        var metrics = (await world.Gateway.GetAsync("/metrics")).Body + (await world.Gateway.GetAsync("/")).Body;
        Assert.Contains("Gateway.", world.Gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, world.Gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, string.Join('\n', world.Gateway.Audit), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal);

        // Spans of the servers around the gateway, which run in this process too, are not the gateway's to keep clean.
        var port = new Uri(world.Gateway.Url).Port;
        var texts = spans
            .Where(span => span.Source.Name is "Gateway" or "TokenExchange" or "Yarp.ReverseProxy" or "System.Net.Http"
                || (span.Source.Name == "Microsoft.AspNetCore" && Equals(span.GetTagItem("server.port"), port)))
            .Select(Text).ToList();
        Assert.Contains(texts, span => span.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.NotEmpty(texts);
        Assert.All(texts, span => Assert.DoesNotContain(secret, span, StringComparison.Ordinal));
    }

    private static string Text(Activity span) => string.Join('\n', [
        span.Source.Name,
        span.OperationName,
        span.DisplayName,
        span.StatusDescription ?? "",
        .. span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"),
        .. span.Baggage.Select(tag => $"{tag.Key}={tag.Value}"),
        .. span.Events.SelectMany(@event => @event.Tags.Select(tag => $"{@event.Name}: {tag.Key}={tag.Value}")),
    ]);
}
