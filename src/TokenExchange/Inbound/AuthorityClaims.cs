using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// The claims that say what a token is good for beside audience, subject, scope and time: <c>authorization_details</c>,
/// <c>act</c>, <c>may_act</c>. An authorization server may say them in the token or only when it is asked about it.
/// </summary>
/// <remarks>RFC 9396 §9; RFC 8693 §4.1 and §4.4; RFC 7662 §2.2.</remarks>
internal static class AuthorityClaims
{
    /// <summary>Who may act with the token.</summary>
    /// <remarks>RFC 8693 §4.4.</remarks>
    public const string MayAct = "may_act";

    private static readonly string[] Names = [AuthorizationDetails.Name, "act", MayAct];

    /// <summary>Whether a claim is one of these.</summary>
    public static bool Are(string name) => Names.AsSpan().Contains(name);

    /// <summary>Whether an answer about a token says something that the token itself does not.</summary>
    public static bool Adds(JsonElement answer, ValidatedToken token)
    {
        foreach (var name in Names)
        {
            if (answer.TryGetProperty(name, out _) && !token.Claims.TryGetProperty(name, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an answer contradicts the token: another actor, or details that are none of the token's. Fewer are none.</summary>
    public static bool Contradict(JsonElement answer, ValidatedToken token)
    {
        foreach (var name in Names)
        {
            if (!answer.TryGetProperty(name, out var said))
            {
                continue;
            }

            var known = token.Claims.TryGetProperty(name, out var own);
            if (name == "act" && !TokenClaims.TryReadActors(answer, out _))
            {
                return true;
            }

            if (name == AuthorizationDetails.Name ? !(known ? AuthorizationDetails.AreSome(said, own) : AuthorizationDetails.AreWellFormed(said)) : known && !JsonValues.AreEqual(said, own))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Stands for what an answer says of a JWT by these claims, which may be something else the next time; null when it says nothing. Nothing else of the answer counts beside what the token says.</summary>
    public static string? DigestOf(JsonElement answer)
    {
        IncrementalHash? hash = null;
        try
        {
            foreach (var name in Names)
            {
                if (answer.TryGetProperty(name, out var said))
                {
                    hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                    hash.AppendFields(name);
                    hash.AppendField(JsonMarshal.GetRawUtf8Value(said));
                }
            }

            return hash is null ? null : Base64Url.EncodeToString(hash.GetHashAndReset());
        }
        finally
        {
            hash?.Dispose();
        }
    }
}
