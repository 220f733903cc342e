namespace Deputy.Attacks;

/// <summary>
/// One attack: the claim that it tests, where the claim stands, what the target must be able to do for it to mean anything,
/// and the code that attacks and judges from outside alone.
/// </summary>
internal sealed record Case(string Id, string Claim, string Source, Func<Attack, Task<Verdict>> Run)
{
    /// <summary>The server that the honest call of this case goes to.</summary>
    public string Server { get; init; } = "alpha";

    /// <summary>Capabilities that the target must have, all of them.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Capabilities with which the case means nothing.</summary>
    public IReadOnlyList<string> Unless { get; init; } = [];

    /// <summary>Cases of one lane run one after the other, since they change what all of the lane see; null: by itself.</summary>
    public string? Lane { get; init; }

    /// <summary>Whether it runs when all others are done, since it breaks connections that they might share.</summary>
    public bool Late { get; init; }

    /// <summary>The honest call through the same setup: null when it worked, else what went wrong.</summary>
    public Func<Attack, Task<string?>>? Control { get; init; }

    /// <summary>Whether the honest call must work after the attack too; not where the attack takes the setup away.</summary>
    public bool ControlAfter { get; init; } = true;

    public string Family => Id[..Id.IndexOf('.', StringComparison.Ordinal)];
}
