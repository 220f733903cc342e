using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>The rich authorization details of a token: what exactly its holder may do, element by element.</summary>
/// <remarks>RFC 9396 §2. Elements are compared as JSON values: member order and the spelling of numbers do not count.</remarks>
internal static class AuthorizationDetails
{
    public const string Name = "authorization_details";
    private static readonly JsonElement None = JsonElement.Parse("[]"u8);

    /// <summary>Whether a value is what RFC 9396 calls authorization details: an array of objects, each with a <c>type</c>.</summary>
    public static bool AreWellFormed(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var element in value.EnumerateArray())
        {
            if (TypeOf(element) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The type of an element; null for what is no element.</summary>
    public static string? TypeOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>How many elements are left once those of the types in <paramref name="aside"/> are set aside; 0 for what are no details.</summary>
    public static int Count(JsonElement details, ReadOnlySpan<string> aside)
    {
        var count = 0;
        foreach (var element in Elements(details))
        {
            count += aside.Contains(TypeOf(element)) ? 0 : 1;
        }

        return count;
    }

    /// <summary>
    /// Whether every element of <paramref name="details"/> equals one of <paramref name="bound"/>, and some are there where
    /// the bound has some: a token that lost them all would be good for more, not for less. Where an element names the
    /// target alone, as it was asked for, as its location, the locations of its equal do not matter.
    /// </summary>
    public static bool AreWithin(JsonElement details, JsonElement bound, string? audience, string resource, ReadOnlySpan<string> aside)
    {
        if (details.ValueKind != JsonValueKind.Undefined && !AreWellFormed(details))
        {
            return false;
        }

        var left = 0;
        foreach (var element in Elements(details))
        {
            left++;
            if (!IsOneOf(element, bound, IsAt(element, resource) || (audience is not null && IsAt(element, audience)), aside))
            {
                return false;
            }
        }

        return left > 0 || Count(bound, aside) == 0;
    }

    /// <summary>Whether every element of an answer equals one of the token's own.</summary>
    public static bool AreSome(JsonElement details, JsonElement of) =>
        AreWellFormed(details) && Elements(details).All(element => Elements(of).Any(other => JsonValues.AreEqual(element, other)));

    private static bool IsOneOf(JsonElement element, JsonElement bound, bool relocated, ReadOnlySpan<string> aside)
    {
        foreach (var other in Elements(bound))
        {
            if (!aside.Contains(TypeOf(other)) && (JsonValues.AreEqual(element, other) || (relocated && AreEqualButForLocations(element, other))))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAt(JsonElement element, string resource) =>
        element.TryGetProperty("locations", out var locations) && locations.ValueKind == JsonValueKind.Array && locations.GetArrayLength() == 1
        && locations[0].ValueKind == JsonValueKind.String && locations[0].ValueEquals(resource);

    // Both are objects without duplicate members: as many members, and an equal for each, are all of them.
    private static bool AreEqualButForLocations(JsonElement element, JsonElement other)
    {
        var (members, others) = (0, 0);
        foreach (var member in element.EnumerateObject())
        {
            if (!member.NameEquals("locations"))
            {
                members++;
                if (!other.TryGetProperty(member.Name, out var equal) || !JsonValues.AreEqual(member.Value, equal))
                {
                    return false;
                }
            }
        }

        foreach (var member in other.EnumerateObject())
        {
            others += member.NameEquals("locations") ? 0 : 1;
        }

        return members == others;
    }

    private static JsonElement.ArrayEnumerator Elements(JsonElement details) => (details.ValueKind == JsonValueKind.Array ? details : None).EnumerateArray();
}
