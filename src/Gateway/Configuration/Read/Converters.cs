using System.Globalization;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Gateway.Configuration.Read;

/// <summary>
/// Durations as <c>[d.]hh:mm:ss</c>. <see cref="TimeSpan.Parse(string)"/> is the tempting wrong move: it reads
/// <c>"5"</c> as five days and <c>"24:00:00"</c> as twenty-four.
/// </summary>
internal sealed partial class DurationConverter : JsonConverter<TimeSpan>
{
    public const string Shape = "a duration such as \"00:05:00\" (hh:mm:ss) or \"1.00:00:00\" (a day)";

    /// <summary>The shape, and for what people write in its place the duration that they probably meant.</summary>
    public static string ShapeFor(string text) => ProbablyMeant(text) is { } meant ? $"{Shape}; perhaps \"{meant}\"" : Shape;

    /// <summary>The same for a schema: never negative, hours under 24, nothing around it.</summary>
    public const string Pattern = @"^(\d{1,7}\.)?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,7})?)?$";

    public static bool TryParse(string? text, out TimeSpan value)
    {
        value = default;
        return text is not null
            && Form().IsMatch(text)
            && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value);
    }

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant | RegexOptions.ECMAScript)]
    private static partial Regex Form();

    private static string? ProbablyMeant(string text)
    {
        if (text.StartsWith('P') && Iso(text) is { } iso)
        {
            return Write(iso);
        }

        if (Count().Match(text) is { Success: true } count && int.TryParse(count.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Write(count.Groups[2].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "m" or "min" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                "d" => TimeSpan.FromDays(number),
                _ => TimeSpan.FromSeconds(number),
            });
        }

        return LongHours().Match(text) is { Success: true } hours && int.TryParse(hours.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var total)
            ? Write(TimeSpan.FromHours(total))[..^5] + hours.Groups[2].Value
            : null;
    }

    private static TimeSpan? Iso(string text)
    {
        try
        {
            return System.Xml.XmlConvert.ToTimeSpan(text);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            return null;
        }
    }

    private static string Write(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\d{1,7})\s*(ms|s|m|min|h|d)?$", RegexOptions.CultureInvariant | RegexOptions.ECMAScript)]
    private static partial Regex Count();

    [GeneratedRegex(@"^(\d{2,4}):([0-5]\d:[0-5]\d)$", RegexOptions.CultureInvariant | RegexOptions.ECMAScript)]
    private static partial Regex LongHours();

    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TryParse(reader.GetString(), out var value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Write(value));
}

/// <summary>HTTP versions as YARP's users write them: <c>"2"</c> as well as <c>"2.0"</c>.</summary>
internal sealed class HttpVersionConverter : JsonConverter<Version>
{
    public static readonly string[] Values = ["1.0", "1.1", "2", "2.0", "3", "3.0"];

    public override Version Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString() ?? throw new JsonException();
        return Version.Parse(text.Contains('.', StringComparison.Ordinal) ? text : text + ".0");
    }

    public override void Write(Utf8JsonWriter writer, Version value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>TLS versions as a list, as in YARP's own configuration; only those that are still safe.</summary>
internal sealed class SslProtocolsConverter : JsonConverter<SslProtocols>
{
    public static readonly string[] Values = [nameof(SslProtocols.Tls12), nameof(SslProtocols.Tls13)];

    public override SslProtocols Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var protocols = SslProtocols.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            protocols |= Enum.Parse<SslProtocols>(reader.GetString()!);
        }

        return protocols;
    }

    public override void Write(Utf8JsonWriter writer, SslProtocols value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var name in Values.Where(name => value.HasFlag(Enum.Parse<SslProtocols>(name))))
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }
}
