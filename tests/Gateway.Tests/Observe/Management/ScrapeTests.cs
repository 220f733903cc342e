using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>What a Prometheus reads at a running gateway: every instrument that is promised, with its labels.</summary>
public sealed class ScrapeTests
{
    [Theory]
    [InlineData("gateway_requests_total", "counter")]
    [InlineData("gateway_request_overhead_seconds", "histogram")]
    [InlineData("gateway_upstream_responses_total", "counter")]
    [InlineData("gateway_streams_active", "gauge")]
    [InlineData("gateway_body_bytes_held", "gauge")]
    [InlineData("gateway_config_generation", "gauge")]
    [InlineData("gateway_config_reloads_total", "counter")]
    [InlineData("gateway_audit_dropped_total", "counter")]
    [InlineData("token_exchange_requests_total", "counter")]
    [InlineData("token_exchange_duration_seconds", "histogram")]
    [InlineData("token_exchange_cache_entries", "gauge")]
    [InlineData("token_exchange_jwks_fetches_total", "counter")]
    public async Task Every_promised_instrument_has_a_sample_after_the_first_requests(string name, string type)
    {
        await using var world = await World.StartAsync(Operator.Management(page: false));
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await StreamAsync(world);

        var answer = await world.Gateway.GetAsync("/metrics");

        Assert.Equal(200, answer.Status);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Headers["Content-Type"]);
        Assert.Contains($"# TYPE {name} {type}\n", answer.Body, StringComparison.Ordinal);
        var sampled = type == "histogram" ? name + "_count" : name;
        Assert.Contains(Operator.Samples(answer.Body), sample => sample.Name == sampled);
    }

    [Fact]
    public async Task Requests_are_told_apart_by_server_outcome_and_reason()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/notes", token);
        await world.Gateway.CallAsync("/weather", null);
        await world.Gateway.CallAsync("/nobody/knows/this", token);

        var samples = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body);

        Assert.Equal(2, samples.Single(sample => sample.Has("gateway_requests_total", ("server", "weather"), ("outcome", "allowed"))).Value);
        Assert.Equal(1, samples.Single(sample => sample.Has("gateway_requests_total", ("server", "notes"), ("outcome", "refused"), ("reason", "audience_invalid"))).Value);
        Assert.Equal(1, samples.Single(sample => sample.Has("gateway_requests_total", ("server", "weather"), ("outcome", "refused"), ("reason", "token_missing"))).Value);
        Assert.Equal(1, samples.Single(sample => sample.Has("gateway_requests_total", ("server", "-"), ("reason", "not_found"))).Value);
        Assert.Contains(samples, sample => sample.Has("token_exchange_requests_total", ("authorization_server", "corp"), ("outcome", "issued")));
        Assert.Contains(samples, sample => sample.Has("token_exchange_requests_total", ("authorization_server", "corp"), ("outcome", "hit")));
        Assert.Contains(samples, sample => sample.Has("token_exchange_jwks_fetches_total", ("issuer", "corp"), ("outcome", "success")));
        Assert.DoesNotContain(samples, sample => sample.Labels.Values.Any(value => value.Contains("nobody", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_an_alert_waits_for_stands_at_zero_from_the_start()
    {
        await using var world = await World.StartAsync(Operator.Management());

        var samples = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body);

        // increase() cannot see a counter that appears with its first event.
        Assert.Equal(0, samples.Single(sample => sample.Has("gateway_config_reloads_total", ("outcome", "applied"))).Value);
        Assert.Equal(0, samples.Single(sample => sample.Has("gateway_config_reloads_total", ("outcome", "refused"))).Value);
        Assert.Equal(0, samples.Single(sample => sample.Name == "gateway_audit_dropped_total").Value);
    }

    [Fact]
    public async Task A_second_try_at_an_authorization_server_is_counted_by_endpoint_and_server()
    {
        await using var world = await World.StartAsync(Operator.Management());
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.CompletedTask;
        };

        Assert.Equal(503, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);

        var samples = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).Where(sample => sample.Name.StartsWith("resilience_", StringComparison.Ordinal)).ToList();
        Assert.Contains(samples, sample => sample.Has("resilience_polly_strategy_events_total", ("pipeline_name", "token"), ("pipeline_instance", "corp"), ("event_name", "OnRetry")));
        Assert.All(samples, sample => Assert.Equal("resilience_polly_strategy_events_total", sample.Name));
        Assert.All(samples.SelectMany(sample => sample.Labels), label => Assert.Contains(label.Key, (string[])["event_name", "event_severity", "pipeline_name", "pipeline_instance", "strategy_name", "exception_type"]));
    }

    [Fact]
    public async Task An_open_stream_is_counted_while_it_is_open()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var release = new TaskCompletionSource();
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {}\n\n");
            await context.Response.Body.FlushAsync();
            await release.Task;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, world.Gateway.Url + "/weather");
        request.Headers.Authorization = new("Bearer", world.WeatherToken());
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        using (var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken))
        {
            Assert.Equal(1, await OpenAsync(world));
            release.SetResult();
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }

        // The client has the end of the stream a moment before the gateway has noted it.
        while (await OpenAsync(world) != 0)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    [Theory]
    [InlineData(200, 200, "2xx")]
    [InlineData(404, 404, "4xx")]
    [InlineData(503, 503, "5xx")]
    [InlineData(302, 502, "3xx")]
    [InlineData(799, 799, "other")]
    public async Task What_MCP_servers_answer_is_counted_and_audited_whatever_the_client_gets(int answered, int got, string statusClass)
    {
        await using var world = await World.StartAsync(Operator.Management());
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = answered;
            return Task.CompletedTask;
        };

        Assert.Equal(got, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        await world.Gateway.CallAsync("/weather", null);

        var counted = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).Where(sample => sample.Name == "gateway_upstream_responses_total");
        Assert.Equal(1, Assert.Single(counted, sample => sample.Has("gateway_upstream_responses_total", ("server", "weather"), ("status_class", statusClass))).Value);
        Assert.Single(counted);
        Assert.Equal([answered, null], world.Gateway.Audit.Select(line => (int?)line["upstream_status"]));
    }

    [Theory]
    [InlineData("unavailable", "status 503")]
    [InlineData("rejected", "result_audience")]
    [InlineData("refused", "target_refused")]
    [InlineData("refused", "misconfigured")]
    public async Task Exchanges_that_fail_are_counted_by_cause(string outcome, string cause)
    {
        var name = $"failing-{cause.Replace(' ', '-')}";
        await using var world = await World.StartAsync(Operator.Management(page: false, options =>
        {
            // A name of its own: the library's meter is the whole process's.
            var servers = options["AuthorizationServers"]!.AsObject();
            var corp = servers["corp"]!.DeepClone();
            servers.Remove("corp");
            servers[name] = corp;
            foreach (var id in new[] { "weather", "notes" })
            {
                options["Servers"]![id]!["Outbound"]!["AuthorizationServer"] = name;
            }
        }));
        if (cause == "result_audience")
        {
            world.As.ChangeToken = (_, payload) => payload["aud"] = "https://somebody.else.example.com";
        }
        else
        {
            world.As.TokenAnswer = context =>
            {
                context.Response.StatusCode = outcome == "unavailable" ? 503 : 400;
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync(cause == "target_refused" ? "{\"error\":\"invalid_target\"}" : "{\"error\":\"unauthorized_client\"}");
            };
        }

        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var counted = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).Where(sample => sample.Has("token_exchange_failures_total", ("authorization_server", name)));
        var sample = Assert.Single(counted);
        Assert.Equal((outcome, cause, 1), (sample.Labels["outcome"], sample.Labels["cause"], sample.Value));
    }

    [Fact]
    public async Task The_age_of_keys_grows_until_they_are_fetched_again_and_is_told_of_keys_that_never_were()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(page: false, Operator.Away), clock);
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        while (await AgeAsync("away") is null)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Assert.Equal(0, await AgeAsync("corp"));
        clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal((240, 240), (await AgeAsync("corp"), await AgeAsync("away")));
        clock.Advance(TimeSpan.FromMinutes(1));
        while (await AgeAsync("corp") != 0)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Assert.Equal(300, await AgeAsync("away"));

        async Task<double?> AgeAsync(string server) =>
            Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).SingleOrDefault(sample => sample.Has("gateway_keys_age_seconds", ("authorization_server", server)))?.Value;
    }

    [Fact]
    public async Task A_caller_cannot_add_a_series()
    {
        await using var world = await World.StartAsync(Operator.Management());
        await world.Gateway.CallAsync("/weather", null);
        var before = await CountAsync();

        for (var i = 0; i < 20; i++)
        {
            await world.Gateway.CallAsync($"/weather/{i}", null, Messages.Call($"tool-{i}"), request => request.Headers.TryAddWithoutValidation("User-Agent", $"agent-{i}"));
        }

        Assert.Equal(before, await CountAsync());

        async Task<int> CountAsync() => Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).Count(sample => sample.Name.StartsWith("gateway_", StringComparison.Ordinal));
    }

    private static async Task<double> OpenAsync(World world) =>
        Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body).Single(sample => sample.Has("gateway_streams_active", ("server", "weather"))).Value;

    private static async Task StreamAsync(World world)
    {
        world.Weather.Answer = context =>
        {
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
        };
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
    }
}
