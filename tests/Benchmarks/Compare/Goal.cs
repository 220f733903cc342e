using System.Globalization;

namespace Gateway.Benchmarks.Compare;

/// <summary>Something that is to be shown, and what this run showed; at most <paramref name="Limit"/> is good.</summary>
internal sealed record Goal(string Text, double Measured, double Limit, string Unit)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text,-82}{Limit,9:0.##} {Unit,-3}{Measured,10:0.00} {Unit,-3}  {(Measured <= Limit ? "yes" : "NO")}");
}
