using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Result;

/// <summary>How the chain of actors in a result is held against the inbound one.</summary>
/// <remarks>RFC 8693 §4.1.</remarks>
internal static class ResultActors
{
    private const int MostActors = 32;

    /// <summary>
    /// Whether the current actor is the gateway: its client, or the actor whose token was sent along. Servers spell it as subject
    /// or as client. A client's identifier is a name of one issuer: beside another's <c>iss</c> it names somebody else.
    /// </summary>
    public static bool IsGateway(JsonElement act, ResultCandidate token)
    {
        if (act.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var subject = Jws.StringOf(act, "sub");
        return (subject is not null && subject == token.Actor)
            || (token.Target.ClientId is { } client && IssuerKnowsIt(act, token)
                && (subject == client || Jws.StringOf(act, "client_id") == client || Jws.StringOf(act, "azp") == client));
    }

    /// <summary>Whether two chains are one; a chain that is not there equals none.</summary>
    public static bool AreEqual(JsonElement act, JsonElement other) =>
        act.ValueKind != JsonValueKind.Undefined && other.ValueKind != JsonValueKind.Undefined && JsonValues.AreEqual(act, other);

    /// <summary>Whether <paramref name="inbound"/> is found whole in <paramref name="act"/>: as it was, or below actors that are the gateway.</summary>
    public static bool Keep(JsonElement act, JsonElement inbound, ResultCandidate token)
    {
        for (var depth = 0; depth < MostActors; depth++)
        {
            if (AreEqual(act, inbound))
            {
                return true;
            }

            if (!IsGateway(act, token) || !act.TryGetProperty("act", out var next))
            {
                return false;
            }

            act = next;
        }

        return false;
    }

    private static bool IssuerKnowsIt(JsonElement act, ResultCandidate token) =>
        !act.TryGetProperty("iss", out var issuer)
        || (issuer.ValueKind == JsonValueKind.String && (issuer.ValueEquals(token.ExpectedIssuer) || issuer.ValueEquals(token.Subject.Issuer)));
}
