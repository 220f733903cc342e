using System.Globalization;

namespace Gateway.Configuration.Options;

/// <summary>The shortest and the longest duration that a key may hold, both included; <see cref="System.ComponentModel.DataAnnotations.RangeAttribute"/> is that of numbers.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationRangeAttribute(string least, string most) : Attribute
{
    public TimeSpan Least { get; } = TimeSpan.Parse(least, CultureInfo.InvariantCulture);

    public TimeSpan Most { get; } = TimeSpan.Parse(most, CultureInfo.InvariantCulture);
}
