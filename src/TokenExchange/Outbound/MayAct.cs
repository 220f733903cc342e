using System.Text.Json;
using TokenExchange.Inbound;

namespace TokenExchange.Outbound;

/// <summary>
/// Whether a subject token lets the gateway act for its subject. A token that says who may names the gateway's client at
/// its issuer, or this very server; else nobody is asked and nothing is minted.
/// </summary>
/// <remarks>RFC 8693 §4.4.</remarks>
internal static class MayAct
{
    /// <summary>Null when it does, or says nothing.</summary>
    public static ExchangeResult.Refused? Refusal(ValidatedToken subject, OutboundTarget target) =>
        subject.TryGetAuthority(AuthorityClaims.MayAct, out var mayAct) && !NamesUs(mayAct, subject, target)
            ? new ExchangeResult.Refused(ExchangeError.ClaimRefused, Diagnostic: AuthorityClaims.MayAct)
            : null;

    /// <summary>Every member that names the actor must name us: together they identify one party.</summary>
    private static bool NamesUs(JsonElement mayAct, ValidatedToken subject, OutboundTarget target)
    {
        if (mayAct.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var client = target.ClientsAtIssuers.GetValueOrDefault(subject.Issuer);
        var named = false;
        foreach (var member in mayAct.EnumerateObject())
        {
            var isSubject = member.NameEquals("sub");
            if (isSubject || member.NameEquals("client_id"))
            {
                named = (client is not null && Is(member.Value, client)) || (isSubject && Is(member.Value, target.InboundResource));
                if (!named)
                {
                    return false;
                }
            }
            else if (member.NameEquals("iss") && !Is(member.Value, subject.Issuer))
            {
                return false;
            }
        }

        return named;
    }

    private static bool Is(JsonElement value, string expected) => value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);
}
