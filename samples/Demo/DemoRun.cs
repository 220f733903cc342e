using Demo.Walk;
using Gateway;

namespace Demo;

/// <summary>The demo from start to end: sets the stage, walks, and stays up or stops.</summary>
internal static class DemoRun
{
    /// <summary>The exit code: 0 when every step came out as promised, 1 when one did not or the gateway did not start.</summary>
    public static async Task<int> RunAsync(DemoOptions options, Terminal terminal, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await using var stage = await Stage.StartAsync(options, clock, cancellationToken);
            Introduce(stage, terminal, options.Server);
            var tour = options.Server is null ? Tour.OfTheDemo(stage, terminal, clock) : Tour.OfOneServer(stage, terminal, clock);
            var kept = await tour.WalkAsync(cancellationToken);
            if (!options.Once)
            {
                await new CurlLines(stage, terminal).ShowAsync(cancellationToken);
                await new PastedCalls(stage, terminal).ShowAsync(cancellationToken);
            }

            return kept ? 0 : 1;
        }
        catch (ConfigurationException problem)
        {
            terminal.Paragraph(problem.Message);
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 1;
        }
    }

    private static void Introduce(Stage stage, Terminal terminal, string? own)
    {
        string[] issuer = ["authorization server", stage.AuthorizationServer.Issuer, "FOR DEVELOPMENT ONLY: gives anybody's token to anybody"];
        if (own is not null)
        {
            terminal.Title("One gateway, one authorization server, and your MCP server");
            terminal.Table([22, 72], [["on stage", "address"], ["for clients", stage.Resource(Route.Own)], ["your MCP server", own], [.. issuer[..2]]]);
            terminal.Paragraph($"The authorization server is {issuer[2]}.");
            return;
        }

        terminal.Title("One gateway, two MCP servers, one authorization server");
        terminal.Table(
            [22, 28, 43],
            [
                ["on stage", "address", ""],
                ["gateway", stage.PublicUrl, "the real one: /weather, /notes and /archive"],
                ["second replica", stage.SecondReplica.Url, "the same gateway once more, for a logout"],
                ["weather", stage.Weather.Resource, "strict MCP server: its own audience only"],
                ["notes", stage.Notes.Resource, "strict MCP server: its own audience only"],
                ["archive", stage.Archive.Resource, "a second notes server, for the last step"],
                issuer,
            ]);
    }
}
