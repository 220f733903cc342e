using System.Text.Json.Nodes;
using Demo.Servers;

namespace Demo.Walk;

/// <summary>A logout that one replica is told of, and its effect at the other.</summary>
internal sealed class LoggedOut : IStep
{
    private const string User = "bob";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public string Title => "Logged out at one replica, refused at the other";

    public string Why =>
        "Bob calls both of two gateways that share what is revoked, and listens to weather through the second. Then he logs out, and the authorization "
        + "server tells the first alone. The second refuses his token too, though it is good for an hour, drops the hop token and ends the stream.";

    public bool ShowsAudit => false;

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        string first = stage.Resource("weather"), second = $"{stage.SecondReplica.Url}/weather";
        var token = await scene.Users.ForAsync("weather", WeatherServer.Scope, cancellationToken, user: User);
        foreach (var (replica, url) in new[] { ("first", first), ("second", second) })
        {
            var allowed = await scene.CallAsync(report, url, "get_forecast", token, "bob's token for weather", cancellationToken, brief: true);
            report.Expect($"status, at the {replica} replica", 200, allowed.Status);
        }

        using var http = Loopback.CreateClient();
        report.Terminal.Sent($"GET {second}  to listen");
        using var stream = await OpenStream.OpenAsync(http, second, token, cancellationToken);
        report.Terminal.Received($"{stream.Status}");
        report.Expect("a stream is open at the second replica", stream.Status == 200 && stream.IsOpen);
        report.Terminal.Blank();

        report.Expect("status of the logout, at the first replica", 200, await LogOutAsync(stage, report, http, cancellationToken));
        report.Expect("the stream at the second replica has ended", await stream.EndsAsync(Patience, cancellationToken));
        var carriedOut = await RevocationAsync(stage.SecondReplica.Audit, cancellationToken);
        report.Expect("source, in the audit of the second replica", "backchannel_logout", carriedOut["source"]?.ToString());
        report.Expect("streams ended there", "1", carriedOut["streams_ended"]?.ToString());
        report.Expect("hop tokens dropped from its cache", "1", carriedOut["entries_dropped"]?.ToString());
        report.Terminal.Blank();

        var before = Counters.Of(stage);
        foreach (var (replica, url) in new[] { ("second", second), ("first", first) })
        {
            var refused = await scene.CallAsync(report, url, "get_forecast", token, "bob's token for weather", cancellationToken, brief: true);
            report.Expect($"status, at the {replica} replica", 401, refused.Status);
            report.Expect("reason", "revoked", refused.Reason);
        }

        Counters.Of(stage).ExpectUnchangedSince(before, report);
    }

    /// <summary>Does what the authorization server does when the user logs out there.</summary>
    private static async Task<int> LogOutAsync(Stage stage, StepReport report, HttpClient http, CancellationToken cancellationToken)
    {
        var url = $"{stage.PublicUrl}/backchannel-logout/{GatewayConfiguration.AuthorizationServer}";
        report.Terminal.Sent($"POST {url}  by the authorization server");
        report.Terminal.Detail("logout_token=<bob has logged out>");
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", stage.AuthorizationServer.LogoutTokenFor(User, GatewayConfiguration.ClientId))]);
        using var answer = await http.PostAsync(url, form, cancellationToken);
        report.Terminal.Received($"{(int)answer.StatusCode}");
        return answer.IsSuccessStatusCode ? (int)answer.StatusCode : throw new StepBrokenException($"the logout was not taken: {(int)answer.StatusCode}.");
    }

    /// <summary>The next audit line that says what a revocation did.</summary>
    private static async Task<JsonNode> RevocationAsync(AuditTap audit, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            while (true)
            {
                if (JsonNode.Parse(await audit.NextAsync(patience.Token)) is JsonObject line && line["event"]?.ToString() == "gateway.revocation")
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StepBrokenException("the second replica's audit says nothing of the logout.");
        }
    }
}
