using System.Text.Json;
using Gateway.Advertise;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;

namespace Gateway.Authorize.Calls;

/// <summary>
/// Whether a token is for this very call: it holds exactly one <c>mcp_call</c>, and that is of this server, method, name and
/// of the bytes of this body. Stolen on the way here, it is good for nothing else.
/// </summary>
internal static class CallBinding
{
    public const string Type = "mcp_call";

    /// <summary>Null when the token is bound to the call, or need not be.</summary>
    public static Refused? Refusal(CallPolicy policy, ValidatedToken token, Operation operation, string verb, ReadOnlySpan<byte> body)
    {
        if (!policy.RequiresBinding)
        {
            return null;
        }

        if (token.TokenId is not { Length: > 0 } || !Details.TryFind(token, Type, out var call, out var count))
        {
            return Advertise.Refusal.CallBindingMissing;
        }

        return count == 1 && IsOf(call, policy, operation, verb, body) ? null : Advertise.Refusal.CallBindingMismatch;
    }

    private static bool IsOf(JsonElement call, CallPolicy policy, Operation operation, string verb, ReadOnlySpan<byte> body)
    {
        var members = 0;
        foreach (var member in call.EnumerateObject())
        {
            members++;
            var fits = member.Name switch
            {
                "type" => true,
                "locations" => member.Value.ValueKind == JsonValueKind.Array && member.Value.GetArrayLength() == 1
                    && member.Value[0].ValueKind == JsonValueKind.String && policy.Locations.Contains(member.Value[0].GetString()!, StringComparer.Ordinal),
                "method" => Is(member.Value, operation.Method ?? verb),
                "name" => operation.Name is { } name && Is(member.Value, name),
                "content_digest" => Is(member.Value, ContentDigest.Of(body)),
                _ => false,
            };
            if (!fits)
            {
                return false;
            }
        }

        // Every member there fits, and none is there twice: so many are all of them.
        return members == (operation.Name is null ? 4 : 5);
    }

    private static bool Is(JsonElement value, string expected) => value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);
}

/// <summary>Elements of a token's authorization details by their type.</summary>
internal static class Details
{
    /// <summary>The first element of a type, and how many there are; false when there is none.</summary>
    public static bool TryFind(ValidatedToken token, string type, out JsonElement found, out int count)
    {
        (found, count) = (default, 0);
        if (token.TryGetAuthorizationDetails(out var details))
        {
            foreach (var element in details.EnumerateArray())
            {
                if (element.GetProperty("type").ValueEquals(type) && count++ == 0)
                {
                    found = element;
                }
            }
        }

        return count > 0;
    }
}
