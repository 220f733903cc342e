namespace Demo.Walk;

/// <summary>A user's token taken straight to the MCP server.</summary>
internal sealed class InboundTokenPastTheGateway : IStep
{
    public string Title => "The inbound token taken past the gateway";

    public string Why =>
        "Alice's client knows where the weather server is and goes there directly. Its token is good, but minted for the gateway's weather "
        + "resource. The strict server refuses it: there is no way around the gateway, and no token passes through it.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var weather = scene.Stage.Weather;
        var (requests, admitted) = (weather.Requests, weather.Admitted);
        var answer = await scene.CallAsync(report, weather.Resource, "get_forecast", scene.WeatherToken, "alice's token for weather", cancellationToken);
        report.Expect("status, from weather itself", 401, answer.Status);
        report.Expect("requests that reached weather", 1, weather.Requests - requests);
        report.Expect("requests that weather admitted", 0, weather.Admitted - admitted);
    }
}
