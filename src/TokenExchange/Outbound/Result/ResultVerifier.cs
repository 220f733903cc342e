using TokenExchange.Issuers;
using TokenExchange.Jose;
using TokenExchange.Outbound.Exchange;

namespace TokenExchange.Outbound.Result;

/// <summary>
/// Verifies the token that an authorization server returned, before anything is sent with it. Stands between every
/// exchange and the cache; rejects what is not signed by the expected issuer for the target alone, the same subject, no
/// more scope and a short life (<see cref="ResultChecks"/>).
/// </summary>
internal sealed class ResultVerifier(AuthorizationServer resultIssuer, TimeProvider clock)
{
    private static readonly TimeSpan RetryKeysAfter = ProtectedEndpoint.ShortestBreak;

    /// <summary>Issued, rejected, or, when the issuer's keys cannot be had, unavailable; only cancellation throws.</summary>
    public async ValueTask<ExchangeResult> VerifyAsync(TokenResponse response, TokenExchangeRequest request, string? actor, CancellationToken cancellationToken, InspectedExchange? seen = null)
    {
        var candidate = new ResultCandidate(response, request, resultIssuer.Settings.Issuer, actor, clock.GetUtcNow(), resultIssuer.Settings.ClockSkew);
        if (!request.Target.ResultIsJwt)
        {
            return ResultChecks.OfOpaque.RefusalOf(candidate) is { } refused ? new ExchangeResult.Rejected(refused) : Issue(candidate);
        }

        if (ResultChecks.BeforeKey.RefusalOf(candidate) is { } unverified)
        {
            return new ExchangeResult.Rejected(unverified);
        }

        candidate.Key = await resultIssuer.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken);
        if (candidate.Key.Refusal == TokenRefusal.KeysUnavailable)
        {
            return new ExchangeResult.Unavailable(RetryKeysAfter) { Cause = "keys" };
        }

        // The thread that brought the answer serves the sockets of others too.
        await SignatureThreads.Switch();
        var rejected = ResultChecks.WithKey.RefusalOf(candidate);
        if (seen is not null)
        {
            seen.IsVerified = candidate.IsVerified;
        }

        return rejected is { } rejection ? new ExchangeResult.Rejected(rejection) : Issue(candidate);
    }

    private static ExchangeResult.Issued Issue(ResultCandidate candidate)
    {
        var claims = candidate.Claims;
        DateTimeOffset? answered = candidate.Response.ExpiresIn is { } life ? candidate.Now + life : null;
        DateTimeOffset? claimed = claims?.Expiry is { } expiry ? DateTimeOffset.FromUnixTimeSeconds(expiry) : null;
        return new ExchangeResult.Issued(
            new OutboundToken(OutboundToken.SchemeOf(candidate.Request.Sender) + candidate.Response.AccessToken)
            {
                InboundResource = candidate.Target.InboundResource,
                Audiences = claims?.Audiences ?? [candidate.Target.Audience ?? candidate.Target.Resource],
                Scopes = candidate.Scopes,
                TokenId = claims?.TokenId,
                Sender = candidate.Request.Sender,
                // At least one is there: a JWT has the one, an opaque result the other.
                ExpiresAt = answered is { } first && claimed is { } second ? (first < second ? first : second) : (answered ?? claimed)!.Value,
            },
            ExchangeOrigin.Issued);
    }
}
