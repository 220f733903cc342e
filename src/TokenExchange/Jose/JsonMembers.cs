using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>Members of documents and answers, where one that is null is one that is not there.</summary>
internal static class JsonMembers
{
    public static bool Has(this JsonElement element, string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public static bool Has(this JsonElement element, string name) => element.Has(name, out _);
}
