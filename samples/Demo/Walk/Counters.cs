namespace Demo.Walk;

/// <summary>How much was asked of everybody behind the gateway, at one moment.</summary>
internal sealed record Counters(int Weather, int Notes, int Archive, int Exchanges)
{
    public static Counters Of(Stage stage) =>
        new(stage.Weather.Requests, stage.Notes.Requests, stage.Archive.Requests, stage.AuthorizationServer.Exchanges.Count);

    /// <summary>Asserts that a refusal happened at the gateway and nowhere else.</summary>
    public void ExpectUnchangedSince(Counters before, StepReport report)
    {
        report.Expect("requests that reached an MCP server", 0, Weather + Notes + Archive - before.Weather - before.Notes - before.Archive);
        report.Expect("exchanges asked of the authorization server", 0, Exchanges - before.Exchanges);
    }
}
