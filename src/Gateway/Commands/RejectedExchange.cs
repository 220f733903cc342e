using System.Globalization;
using System.Text.Json;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;

namespace Gateway.Commands;

/// <summary>
/// What a token that was rejected says beside what it had to say, for an operator's eyes: FAIL where it differs. It decides
/// nothing, and looks at what nobody may have vouched for: all of it is cut, and without anything like a token.
/// </summary>
internal sealed class RejectedExchange(string server, InspectedExchange seen, ResultRejection detail, string presented, DoctorReport report)
{
    public void Result(TokenExchangeRequest request, string issuer)
    {
        var (subject, target, scopes) = request;
        var claims = seen.Claims;
        Form(request.Sender is null ? "Bearer" : "DPoP", target);
        if (claims.ValueKind == JsonValueKind.Object)
        {
            Line("iss", $"expected {issuer}, returned {Said("iss")}", Is(ResultRejection.Issuer) || Text("iss") != issuer);
            if (Is(ResultRejection.Signature))
            {
                Line("signature", $"alg {Shown.Claim(seen.Header, "alg", presented)}, kid {Shown.Claim(seen.Header, "kid", presented)}: not by a key of {issuer}", differs: true);
            }

            var audiences = Strings("aud");
            Line("aud", $"requested {string.Join(" ", target.ResultAudiences)}, returned {Said("aud")}{(Is(ResultRejection.Boomerang) ? ": the gateway itself accepts it" : "")}",
                Is(ResultRejection.Audience) || Is(ResultRejection.AudienceExtra) || Is(ResultRejection.Boomerang) || audiences.Length == 0 || audiences.Except(target.ResultAudiences, StringComparer.Ordinal).Any());
            foreach (var name in target.SubjectClaims.IsDefaultOrEmpty ? ["sub"] : target.SubjectClaims)
            {
                Line(name, $"inbound {Shown.Claim(subject.Claims, name, presented)}, returned {Said(name)}", !AreEqual(subject.Claims, claims, name));
            }

            Line("act", $"inbound {Shown.Claim(subject.Claims, "act", presented)}, returned {Said("act")}", Is(ResultRejection.Actor));
            Line("authorization_details", $"inbound {Shown.Claim(subject.Claims, "authorization_details", presented)}, returned {Said("authorization_details")}", Is(ResultRejection.AuthorizationDetails));
            Line("cnf", $"requested {(request.Sender is null ? "(none)" : "the gateway's key, " + request.Sender.Thumbprint)}, returned {Said("cnf")}", Is(ResultRejection.Confirmation));
        }

        var returned = claims.ValueKind == JsonValueKind.Object && claims.TryGetProperty("scope", out _) ? "scope" : "scp";
        var admitted = scopes.Union(target.ExtraResultScopes);
        Line("scope", $"requested {Shown.Scopes(scopes)}{(target.ExtraResultScopes.Count > 0 ? $", also admitted {target.ExtraResultScopes}" : "")}, returned {Said(returned)}, the answer says {Answered(seen.Scope)}",
            Is(ResultRejection.Scope) || Strings(returned).Append(seen.JudgedScope?.ToString() ?? seen.Scope ?? "").SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Any(scope => !admitted.Contains(scope)));
        Life(target, subject.ExpiresAt);
    }

    /// <summary>Of the grant on the way to a token.</summary>
    public void Grant(OutboundTarget target, string identityProvider, string authorizationServer)
    {
        Form("N_A", target);
        if (seen.Claims.ValueKind == JsonValueKind.Object)
        {
            Line("grant typ", $"expected oauth-id-jag+jwt, returned {Shown.Claim(seen.Header, "typ", presented)}", Is(ResultRejection.Shape));
            Line("grant iss", $"expected {identityProvider}, returned {Said("iss")}", Text("iss") != identityProvider);
            Line("grant aud", $"requested {authorizationServer}, returned {Said("aud")}", Strings("aud") is not [var only] || only != authorizationServer);
            Line("grant resource", $"requested {target.Resource}, returned {Said("resource")}", seen.Claims.TryGetProperty("resource", out _) && !Strings("resource").Contains(target.Resource));
            Line("grant client_id", $"expected {target.ClientId ?? "(none)"}, returned {Said("client_id")}", Is(ResultRejection.Actor));
            Line("grant exp", Said("exp"), Is(ResultRejection.Lifetime));
        }
    }

    // What the answer around the token says of it.
    private void Form(string type, OutboundTarget target)
    {
        Line("token_type", $"expected {type}, returned {Answered(seen.TokenType)}", !type.Equals(seen.TokenType, StringComparison.OrdinalIgnoreCase));
        if (Is(ResultRejection.Shape) && type != "N_A")
        {
            Line("issued_token_type", $"expected {InspectedExchange.AccessTokenType}{(seen.MayOmitIssuedTokenType ? " or nothing" : "")}, returned {Answered(seen.IssuedTokenType)}",
                seen.IssuedTokenType is null ? !seen.MayOmitIssuedTokenType : seen.IssuedTokenType != InspectedExchange.AccessTokenType);
            if (seen.Header.ValueKind == JsonValueKind.Object)
            {
                var other = seen.HasClaimsOfAnotherToken ? ", with claims of an ID, logout or refresh token (nonce, at_hash, c_hash, s_hash, events or a typ of its own)" : "";
                Line("typ", $"expected at+jwt or JWT, returned {Shown.Claim(seen.Header, "typ", presented)}{other}", !seen.HasTypeOfAccessToken || seen.HasClaimsOfAnotherToken);
            }
        }

        if (seen.Claims.ValueKind != JsonValueKind.Object && target.ResultIsJwt)
        {
            Line("form", "expected a signed JWT, returned what is none: opaque, encrypted or broken", differs: true);
        }
    }

    private void Life(OutboundTarget target, DateTimeOffset inboundEnds)
    {
        var now = TimeProvider.System.GetUtcNow();
        var life = Seconds("exp") is { } ends ? Relative(ends) : "(no exp)";
        var most = $"at most {target.MaxLifetime.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s, the answer says {Answered(seen.ExpiresIn)}; inbound {Relative(inboundEnds.ToUnixTimeSeconds())}";
        var starts = Start("nbf") + Start("iat");
        Line("lifetime", $"{life}, {most}{starts}", Is(ResultRejection.Lifetime));

        string Start(string name) => Seconds(name) is { } time ? $"; {name} {Relative(time)} from now" : "";

        string Relative(double time) => string.Create(CultureInfo.InvariantCulture, $"{time - now.ToUnixTimeSeconds():0} s");
    }

    private bool Is(ResultRejection rejection) => detail == rejection;

    private void Line(string name, string said, bool differs)
    {
        var check = $"{server} exchange {name}";
        if (differs)
        {
            report.Differs(check, said);
        }
        else if (seen.IsVerified)
        {
            report.Pass(check, said);
        }
        else
        {
            report.Note(check, said);
        }
    }

    private string Said(string name) => Shown.Claim(seen.Claims, name, presented);

    private string Answered(string? text) => text is null ? "(none)" : Shown.Foreign(text, presented);

    private string? Text(string name) => seen.Claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private string[] Strings(string name) => seen.Claims.ValueKind != JsonValueKind.Object || !seen.Claims.TryGetProperty(name, out var value) ? []
        : value.ValueKind == JsonValueKind.String ? [value.GetString()!]
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText())]
        : [value.GetRawText()];

    private double? Seconds(string name) =>
        seen.Claims.ValueKind == JsonValueKind.Object && seen.Claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) ? seconds : null;

    private static bool AreEqual(JsonElement before, JsonElement after, string name) =>
        before.TryGetProperty(name, out var one) && after.TryGetProperty(name, out var other) && JsonValues.AreEqual(one, other);
}
