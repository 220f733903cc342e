using System.Text.Json;

namespace TokenExchange.Outbound;

/// <summary>
/// Whether a subject token lets the gateway act for its subject. A token that says who may names the gateway's client at
/// its issuer, or this very server; else nobody is asked and nothing is minted.
/// </summary>
/// <remarks>RFC 8693 §4.4.</remarks>
internal static class MayAct
{
    /// <summary>Null when it does, or says nothing.</summary>
    public static ExchangeResult.Refused? Refusal(TokenExchangeRequest request) =>
        request.Subject.TryGetAuthority("may_act", out var mayAct) && !NamesUs(mayAct, request)
            ? new ExchangeResult.Refused(ExchangeError.ClaimRefused, Diagnostic: "may_act")
            : null;

    /// <summary>Every member that names the actor must name us: together they identify one party.</summary>
    private static bool NamesUs(JsonElement mayAct, TokenExchangeRequest request)
    {
        if (mayAct.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var client = request.Target.ClientsAtIssuers.GetValueOrDefault(request.Subject.Issuer);
        var named = false;
        foreach (var member in mayAct.EnumerateObject())
        {
            var isSubject = member.NameEquals("sub");
            if (isSubject || member.NameEquals("client_id"))
            {
                named = (client is not null && Is(member.Value, client)) || (isSubject && Is(member.Value, request.Target.Server));
                if (!named)
                {
                    return false;
                }
            }
            else if (member.NameEquals("iss") && !Is(member.Value, request.Subject.Issuer))
            {
                return false;
            }
        }

        return named;
    }

    private static bool Is(JsonElement value, string expected) => value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);
}
