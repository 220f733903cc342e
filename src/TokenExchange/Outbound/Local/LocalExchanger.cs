using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>
/// Mints hop tokens for one server, after its rules have passed. Refused are: a token for another server, one that has
/// expired, rights that the hop token would not express (<c>authorization_details</c>), a delegation to others than the
/// gateway or this server (<c>may_act</c>), and a chain of actors that is too deep or has passed here before.
/// </summary>
internal sealed class LocalExchanger(string issuer, LocalTokenSettings settings, Func<SigningKey> signer, TimeProvider clock) : ITokenExchanger
{
    private readonly HopTokenWriter writer = new(issuer, settings);

    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new(Refusal(request) ?? Mint(request));
    }

    public void Forget(TokenExchangeRequest request)
    {
    }

    private ExchangeResult Mint(TokenExchangeRequest request)
    {
        // Whole seconds, as in the token; rounding down keeps its end before the inbound token's.
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var expires = Math.Min(now + (long)settings.Lifetime.TotalSeconds, request.Subject.ExpiresAt.ToUnixTimeSeconds());
        return expires <= now
            ? Refused(ExchangeError.SubjectRefused, "expired")
            : new ExchangeResult.Issued(writer.Write(request, signer(), now, expires), ExchangeOrigin.Issued);
    }

    private ExchangeResult.Refused? Refusal(TokenExchangeRequest request)
    {
        var (subject, target, _) = request;
        if (subject.Resource != target.Server)
        {
            return Refused(ExchangeError.TargetRefused, "validated for another server");
        }

        var claims = subject.Claims;
        if (claims.TryGetProperty("authorization_details", out _) && !settings.Claims.Contains("authorization_details"))
        {
            return Refused(ExchangeError.ClaimRefused, "authorization_details");
        }

        if (claims.TryGetProperty("may_act", out var mayAct) && !MayActNamesUs(mayAct, subject, target))
        {
            return Refused(ExchangeError.ClaimRefused, "may_act");
        }

        return claims.TryGetProperty("act", out var act) && !ActorChain.CanGrow(act, target.Server)
            ? Refused(ExchangeError.ActorChainRefused, "act")
            : null;
    }

    /// <summary>Every member that names the actor must name us: together they identify one party (RFC 8693 §4.4).</summary>
    private bool MayActNamesUs(JsonElement mayAct, ValidatedToken subject, OutboundTarget target)
    {
        if (mayAct.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var named = false;
        foreach (var member in mayAct.EnumerateObject())
        {
            var isName = member.NameEquals("sub") || member.NameEquals("client_id");
            if (isName ? !NamesUs(member.Value) : member.NameEquals("iss") && !Is(member.Value, subject.Issuer) && !Is(member.Value, issuer))
            {
                return false;
            }

            named |= isName;
        }

        return named;

        bool NamesUs(JsonElement name) => Is(name, target.Server) || (settings.ClientId is { } client && Is(name, client));
    }

    private static bool Is(JsonElement value, string expected) => value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);

    private static ExchangeResult.Refused Refused(ExchangeError error, string diagnostic) => new(error, Diagnostic: diagnostic);
}
