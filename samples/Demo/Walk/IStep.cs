namespace Demo.Walk;

/// <summary>One thing that the walk shows and, in the same breath, asserts.</summary>
internal interface IStep
{
    /// <summary>What is shown, in a few words.</summary>
    string Title { get; }

    /// <summary>Why it comes out as it does.</summary>
    string Why { get; }

    /// <summary>Whether the gateway's audit lines follow.</summary>
    bool ShowsAudit => true;

    Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken);
}
