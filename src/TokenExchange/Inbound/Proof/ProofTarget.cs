using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>What a proof says that it is for, before anything about it was checked: for explanations, never for a decision.</summary>
public static class ProofTarget
{
    /// <summary>The method and the URI; null where the proof does not say it, or is none.</summary>
    public static (string? Method, string? Uri) Of(string proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        var payload = proof.Length <= ProofChecks.MaxLength ? Jws.PayloadOf(proof.AsMemory()) : default;
        return payload.ValueKind == System.Text.Json.JsonValueKind.Object ? (Jws.StringOf(payload, "htm"), Jws.StringOf(payload, "htu")) : default;
    }
}
