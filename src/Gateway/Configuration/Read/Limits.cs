using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Gateway.Configuration.Options;

namespace Gateway.Configuration.Read;

/// <summary>What an option may hold at least and at most, as the attribute on it says: <c>lifetime</c>, <c>size</c>.</summary>
internal static class Limits
{
    public static RangeAttribute? OfNumber(JsonPropertyInfo property) => Attribute<RangeAttribute>(property);

    public static DurationRangeAttribute? OfDuration(JsonPropertyInfo property) => Attribute<DurationRangeAttribute>(property);

    /// <summary>The rule that a readable value breaks, and what to say; null when it is within.</summary>
    public static (string Rule, string Message)? Broken(JsonPropertyInfo property, JsonNode node)
    {
        if (OfDuration(property) is { } durations && DurationConverter.TryParse(node.GetValue<string>(), out var duration) && (duration < durations.Least || duration > durations.Most))
        {
            return ("lifetime", $"{property.Name} is {duration:c}; it must be between {durations.Least:c} and {durations.Most:c}.");
        }

        // Not by the attribute's own IsValid, which throws for a number that the bounds' type cannot hold.
        return OfNumber(property) is { } numbers && node.AsValue().TryGetValue<long>(out var number)
            && (number < Convert.ToInt64(numbers.Minimum, CultureInfo.InvariantCulture) || number > Convert.ToInt64(numbers.Maximum, CultureInfo.InvariantCulture))
            ? ("size", string.Create(CultureInfo.InvariantCulture, $"{property.Name} is {number}; it must be between {numbers.Minimum} and {numbers.Maximum}."))
            : null;
    }

    private static T? Attribute<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: false) is [T attribute, ..] ? attribute : null;
}
