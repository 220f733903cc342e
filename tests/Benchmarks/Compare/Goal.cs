using System.Globalization;

namespace Gateway.Benchmarks.Compare;

/// <summary>Something that is to be shown, and what this run showed; at most <paramref name="Limit"/> is good, and without one it is only to be known.</summary>
internal sealed record Goal(string Text, double Measured, double? Limit, string Unit)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text,-82}{Limit,9:0.##} {(Limit is null ? "" : Unit),-3}{Measured,10:0.00} {Unit,-3}  {(Limit is null ? "" : Measured <= Limit ? "yes" : "NO")}");
}
