namespace Demo.Walk;

/// <summary>Walks all steps, whatever came of those before, and sums up.</summary>
internal sealed class Tour
{
    private static readonly IStep[] Demo =
    [
        new StolenToken(),
        new OneUserTwoServers(),
        new ClaimsSideBySide(),
        new WeatherTokenAtNotes(),
        new HopTokenReplayed(),
        new InboundTokenPastTheGateway(),
        new StolenWithoutTheKey(),
        new NoToken(),
        new LoggedOut(),
        new TokenForTheWrongAudience(),
    ];

    private readonly Stage stage;
    private readonly Terminal terminal;
    private readonly TimeProvider clock;
    private readonly IStep[] steps;

    private Tour(Stage stage, Terminal terminal, TimeProvider clock, IStep[] steps)
    {
        this.stage = stage;
        this.terminal = terminal;
        this.clock = clock;
        this.steps = steps;
    }

    /// <summary>Through everything that the demo's own servers show.</summary>
    public static Tour OfTheDemo(Stage stage, Terminal terminal, TimeProvider clock) => new(stage, terminal, clock, Demo);

    /// <summary>To a server that the user brought along.</summary>
    public static Tour OfOneServer(Stage stage, Terminal terminal, TimeProvider clock) => new(stage, terminal, clock, [new OwnServer()]);

    /// <summary>Whether every step came out as promised.</summary>
    public async Task<bool> WalkAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var scene = new Scene(stage);
        var reports = new List<StepReport>();
        foreach (var step in steps)
        {
            var title = $"{reports.Count + 1} of {steps.Length}: {step.Title}";
            terminal.Title(title);
            terminal.Paragraph(step.Why);
            var report = new StepReport(title, terminal);
            reports.Add(report);
            await WalkAsync(step, scene, report, cancellationToken);
            terminal.Blank();
            var calls = scene.TakeCallsAtTheGateway();
            if (step.ShowsAudit)
            {
                await AuditLines.ShowAsync(stage.Audit, calls, terminal, cancellationToken);
            }
            else
            {
                await stage.Audit.TakeAsync(calls, cancellationToken);
            }
        }

        return Summarise(reports, clock.GetElapsedTime(started));
    }

    private static async Task WalkAsync(IStep step, Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        try
        {
            await step.WalkAsync(scene, report, cancellationToken);
        }
        catch (Exception broken) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was, the promise is broken, and the steps that follow have their own.
            report.Broken(broken.Message);
        }
    }

    private bool Summarise(List<StepReport> reports, TimeSpan elapsed)
    {
        terminal.Title("Summary");
        foreach (var report in reports)
        {
            terminal.Check($"{report.Title} ({report.Kept} of {report.Checks} checks)", report.IsKept);
        }

        terminal.Blank();
        var kept = reports.Count(report => report.IsKept);
        terminal.Paragraph($"{kept} of {reports.Count} steps came out as promised, in {elapsed.TotalSeconds:0.0} s.");
        return kept == reports.Count;
    }
}
