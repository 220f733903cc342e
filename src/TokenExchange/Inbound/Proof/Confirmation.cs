using System.Text.Json;

namespace TokenExchange.Inbound.Proof;

/// <summary>What a token is bound to: the confirmation claim, read so strictly that whatever is not understood can never be proven.</summary>
/// <remarks>RFC 7800 §3; RFC 9449 §6.1 (<c>jkt</c>); RFC 8705 §3.1 (<c>x5t#S256</c>).</remarks>
internal sealed record Confirmation(string? KeyThumbprint, string? CertificateThumbprint)
{
    private static readonly Confirmation Unprovable = new(null, null);

    /// <summary>Whether everything that it names can be proven at all.</summary>
    public bool IsProvable => KeyThumbprint is not null || CertificateThumbprint is not null;

    /// <summary>The confirmation in these claims; null when there is none, so that the token is bound to nothing.</summary>
    public static Confirmation? Read(JsonElement claims)
    {
        if (!claims.TryGetProperty("cnf", out var cnf))
        {
            return null;
        }

        if (cnf.ValueKind != JsonValueKind.Object)
        {
            return Unprovable;
        }

        string? key = null, certificate = null;
        foreach (var member in cnf.EnumerateObject())
        {
            var value = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            if (string.IsNullOrEmpty(value))
            {
                return Unprovable;
            }

            switch (member.Name)
            {
                case "jkt":
                    key = value;
                    break;
                case "x5t#S256":
                    certificate = value;
                    break;
                default:
                    return Unprovable;
            }
        }

        return new Confirmation(key, certificate);
    }

    /// <summary>What must be proven when two sources speak of one token: everything that either names.</summary>
    public static Confirmation? Both(Confirmation? token, Confirmation? issuer)
    {
        if (token is null || issuer is null)
        {
            return token ?? issuer;
        }

        return token.IsProvable && issuer.IsProvable && Agree(token.KeyThumbprint, issuer.KeyThumbprint) && Agree(token.CertificateThumbprint, issuer.CertificateThumbprint)
            ? new Confirmation(token.KeyThumbprint ?? issuer.KeyThumbprint, token.CertificateThumbprint ?? issuer.CertificateThumbprint)
            : Unprovable;
    }

    private static bool Agree(string? one, string? other) => one is null || other is null || one == other;
}
