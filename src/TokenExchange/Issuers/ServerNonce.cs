using System.Text.Json;

namespace TokenExchange.Issuers;

/// <summary>The latest nonce that a server has given for DPoP proofs. Whatever is no nonce of a sane size is passed over.</summary>
/// <remarks>RFC 9449 §8, §8.1.</remarks>
public sealed class ServerNonce
{
    private const int Longest = 1024;
    private volatile string? latest;

    /// <summary>The nonce for the next proof; null when the server never gave one.</summary>
    public string? Latest => latest;

    /// <summary>Takes over the nonce of an answer, if it brings one; says whether it was another than before.</summary>
    public bool Take(HttpResponseMessage answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!answer.Headers.NonValidated.TryGetValues("DPoP-Nonce", out var lines) || lines.Count != 1 || lines.ToString() is not { Length: > 0 and <= Longest } nonce || !IsNonce(nonce) || nonce == latest)
        {
            return false;
        }

        latest = nonce;
        return true;
    }

    /// <summary>Whether a token endpoint has refused for want of a nonce.</summary>
    internal static bool IsAskedFor(EndpointAnswer answer) =>
        answer is EndpointAnswer.Reply { Status: 400 or 401, Body: { ValueKind: JsonValueKind.Object } body } && body.Text("error") == "use_dpop_nonce";

    // NQCHAR of RFC 6749: nothing that breaks out of a header or of JSON.
    private static bool IsNonce(string text)
    {
        foreach (var character in text)
        {
            if (character is < '!' or > '~' or '"' or '\\')
            {
                return false;
            }
        }

        return true;
    }
}
