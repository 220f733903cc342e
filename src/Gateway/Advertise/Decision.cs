using System.Diagnostics.CodeAnalysis;

namespace Gateway.Advertise;

/// <summary>What a stage decides about a request: the value that the next stage takes, or the refusal that ends it.</summary>
/// <typeparam name="T">The value that only this stage makes.</typeparam>
internal readonly struct Decision<T>
    where T : class
{
    private readonly T? value;
    private readonly Refused? refused;

    private Decision(T? value, Refused? refused)
    {
        this.value = value;
        this.refused = refused;
    }

    public static implicit operator Decision<T>(T value) => new(value, null);

    public static implicit operator Decision<T>(Refused refused) => new(null, refused);

    public static implicit operator Decision<T>(Refusal refusal) => new(null, refusal);

    /// <summary>Whether the request goes on; a decision that nobody made (the default value) lets nothing pass.</summary>
    public bool Passes([NotNullWhen(true)] out T? next, [NotNullWhen(false)] out Refused? refusal)
    {
        next = value;
        refusal = value is null ? refused ?? Refusal.InternalError : null;
        return value is not null;
    }
}
