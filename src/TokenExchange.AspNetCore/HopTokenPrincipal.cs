using System.Security.Claims;
using System.Text.Json;
using TokenExchange.Inbound;

namespace TokenExchange.AspNetCore;

/// <summary>The claims of a token as ASP.NET Core wants them, under their own names: nothing is mapped, and each scope is a claim.</summary>
internal static class HopTokenPrincipal
{
    private const string Subject = "sub", Scope = "scope", Roles = "roles";

    public static ClaimsPrincipal Of(ValidatedToken token, string scheme)
    {
        var identity = new ClaimsIdentity(scheme, Subject, Roles);
        foreach (var scope in token.Scopes)
        {
            identity.AddClaim(new Claim(Scope, scope, ClaimValueTypes.String, token.Issuer));
        }

        foreach (var member in token.Claims.EnumerateObject())
        {
            if (member.Name is not (Scope or "scp"))
            {
                Add(identity, member.Name, member.Value, token.Issuer);
            }
        }

        return new ClaimsPrincipal(identity);
    }

    private static void Add(ClaimsIdentity identity, string name, JsonElement value, string issuer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                {
                    Add(identity, name, element, issuer);
                }

                break;
            case JsonValueKind.String:
                identity.AddClaim(new Claim(name, value.GetString()!, ClaimValueTypes.String, issuer));
                break;
            case JsonValueKind.Number:
                identity.AddClaim(new Claim(name, value.GetRawText(), value.TryGetInt64(out _) ? ClaimValueTypes.Integer64 : ClaimValueTypes.Double, issuer));
                break;
            case JsonValueKind.True or JsonValueKind.False:
                identity.AddClaim(new Claim(name, value.GetRawText(), ClaimValueTypes.Boolean, issuer));
                break;
            case JsonValueKind.Object:
                identity.AddClaim(new Claim(name, value.GetRawText(), "JSON", issuer));
                break;
        }
    }
}
