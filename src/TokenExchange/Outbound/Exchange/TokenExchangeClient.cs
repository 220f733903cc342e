using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using Duende.IdentityModel;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Errors;
using TokenExchange.Jose;
using TokenExchange.Outbound.Profiles;
using TokenExchange.Outbound.Result;

namespace TokenExchange.Outbound.Exchange;

/// <summary>
/// Asks one authorization server, as one client, for tokens (RFC 8693), and verifies each before it returns it. A refusal
/// of the client itself is remembered for 5 to 10 s; an outage opens the server's breaker; nothing else is remembered.
/// </summary>
/// <remarks>RFC 8693 §2; an exchange that has begun runs to its end or the server's time limit, also when its caller leaves.</remarks>
public sealed class TokenExchangeClient : ITokenExchanger
{
    private readonly AuthorizationServer server;
    private readonly AuthorizationServer resultIssuer;
    private readonly ExchangeProfile profile;
    private readonly ClientSettings client;
    private readonly ImmutableArray<KeyValuePair<string, string>> extraParameters;
    private readonly ResultVerifier verifier;
    private readonly TimeProvider clock;
    private readonly ActorToken? actor;

    /// <summary>A client of <paramref name="server"/> whose results must be signed by <paramref name="resultIssuer"/>.</summary>
    /// <exception cref="ArgumentException">The client authentication lacks what it needs, or an extra parameter is reserved.</exception>
    public TokenExchangeClient(AuthorizationServer server, ClientSettings client, AuthorizationServer resultIssuer, IReadOnlyDictionary<string, string> extraParameters, TimeProvider clock, ActorTokenSettings? actor = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(extraParameters);
        if (extraParameters.Keys.FirstOrDefault(ExchangeProfile.IsReserved) is { } reserved)
        {
            throw new ArgumentException($"The extra parameter '{reserved}' is reserved.", nameof(extraParameters));
        }

        (this.server, this.resultIssuer, this.client, this.clock) = (server, resultIssuer, client, clock);
        this.extraParameters = [.. extraParameters];
        profile = ExchangeProfile.Find(server.Settings.Dialect.Name)!;
        this.actor = actor is null ? null : new ActorToken(actor, clock);
        verifier = new ResultVerifier(resultIssuer, clock);
        _ = server.Endpoints.Client(client);
    }

    /// <summary>The digest of the actor token that would be sent now; null without one, or when it cannot be read.</summary>
    public TokenDigest? ActorDigest => actor?.Read(out _)?.Digest;

    /// <inheritdoc/>
    public async ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Delegation.Refusal(request.Subject, request.Target) is { } forbidden)
        {
            return forbidden;
        }

        var started = clock.GetTimestamp();
        using var activity = ExchangeTelemetry.StartExchange(server.Settings.Name, profile.Name);
        var result = await RunAsync(request).WaitAsync(cancellationToken);
        ExchangeTelemetry.Exchanged(activity, server.Settings.Name, result, clock.GetElapsedTime(started));
        return result;
    }

    /// <summary>The same exchange, with what an operator is shown of it. For an operator's checks; it is not counted.</summary>
    public async Task<InspectedExchange> InspectAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var seen = new InspectedExchange(server);
        seen.Result = Delegation.Refusal(request.Subject, request.Target) ?? await RunAsync(request, seen).WaitAsync(cancellationToken);
        return seen;
    }

    /// <summary>
    /// Asks with a subject token that nobody can accept, and never returns a token: a refusal of the subject says that the
    /// client itself was accepted. For an operator's checks.
    /// </summary>
    public async Task<InspectedExchange> ProbeAsync(OutboundTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var nobody = new ValidatedToken(new TokenText("not-a-token".AsMemory()))
        {
            Resource = target.InboundResource,
            Issuer = server.Settings.Issuer,
            Subject = "nobody",
            ClientId = null,
            TokenId = null,
            Audiences = [],
            Scopes = ScopeSet.Empty,
            Actors = [],
            ExpiresAt = clock.GetUtcNow(),
            Claims = JsonElement.Parse("{}"u8),
        };
        var seen = new InspectedExchange(server);
        var result = await RunAsync(new TokenExchangeRequest(nobody, target, ScopeSet.Empty), seen).WaitAsync(cancellationToken);
        seen.Result = result is ExchangeResult.Issued ? new ExchangeResult.Rejected(ResultRejection.Subject) : result;
        return seen;
    }

    private async Task<ExchangeResult> RunAsync(TokenExchangeRequest request, InspectedExchange? seen = null)
    {
        string? unreadable = null;
        var acting = actor?.Read(out unreadable);
        if (unreadable is not null)
        {
            return new ExchangeResult.Refused(ExchangeError.Misconfigured, Diagnostic: unreadable) { OfClient = true };
        }

        var leg = await AskAsync(server, profile, request.Subject.Value, request, acting, extraParameters, seen);
        if (leg.Token is { } grant && profile.IssuedTokenType == TokenType.IdJag)
        {
            if (IdJagGrant.Rejection(grant.AccessToken, server.Settings.Issuer, resultIssuer.Settings.Issuer, client.Id, request.Target.Resource, clock.GetUtcNow()) is { } unfit)
            {
                return new ExchangeResult.Rejected(unfit);
            }

            leg = await AskAsync(resultIssuer, IdJagProfile.Grant, grant.AccessToken, request, null, [], seen);
        }

        return leg.Token is { } token ? await verifier.VerifyAsync(token, request, acting?.Subject, CancellationToken.None, seen) : leg.Failure!;
    }

    private async Task<Leg> AskAsync(AuthorizationServer asked, ExchangeProfile shape, string subjectToken, TokenExchangeRequest request, ActorToken.Content? acting, ImmutableArray<KeyValuePair<string, string>> extra, InspectedExchange? seen)
    {
        var registered = asked.Endpoints.Client(client);
        if (registered.Exchanging.RefusedWith is { } code)
        {
            return new(new ExchangeResult.Refused(ExchangeError.Misconfigured, Diagnostic: code) { OfClient = true });
        }

        var credential = registered.Authenticator.Credential;
        var answer = await asked.Endpoints.AskTokenAsync(registered, new(request.Subject.Issuer, request.Subject.Subject), form =>
        {
            TokenRequest.Write(form, shape, subjectToken, request, resultIssuer.Settings.Issuer);
            if (acting is not null)
            {
                form.Add(OidcConstants.TokenRequest.ActorToken, acting.Text);
                form.Add(OidcConstants.TokenRequest.ActorTokenType, actor!.Type);
            }

            foreach (var (name, value) in extra)
            {
                form.Add(name, value);
            }
        }, Prover(shape, request));
        if (seen is not null)
        {
            seen.Take(asked, answer, await asked.Endpoints.TokenEndpointAsync(registered, CancellationToken.None), asked.Settings.AllowMissingIssuedTokenType || shape.OmitsIssuedTokenType);
            seen.JudgedScope = seen.Scope is { } text && ScopeSet.TryParse(text, out var scopes) ? Judged(scopes, shape, request) : null;
        }

        return answer switch
        {
            EndpointAnswer.Reply { Status: 200 } reply => Succeeded(reply, asked, shape, request),
            EndpointAnswer.Reply { WantsAnotherNonce: true } => new(new ExchangeResult.Unavailable(ProtectedEndpoint.ShortestBreak) { Cause = OutageCause.Nonce }),
            EndpointAnswer.Reply reply => new(Failed(TokenError.Of(reply, shape.Dialect), registered, credential)),
            EndpointAnswer.Outage outage => new(new ExchangeResult.Unavailable(outage.RetryAfter!.Value) { Cause = outage.Cause }),
            EndpointAnswer.Busy => new(new ExchangeResult.Unavailable(ProtectedEndpoint.ShortestBreak) { Cause = OutageCause.Busy }),
            EndpointAnswer.NotSent unsent => new(new ExchangeResult.Refused(ExchangeError.Misconfigured, Diagnostic: unsent.Diagnostic) { OfClient = true }),
            _ => throw new UnreachableException(),
        };
    }

    // With the request for the token itself; a grant on the way to it is bound to nobody.
    private Func<string, string?, string>? Prover(ExchangeProfile shape, TokenExchangeRequest request) =>
        request.Sender is { } sender && shape.IssuedTokenType != TokenType.IdJag ? (uri, nonce) => sender.Proof("POST", uri, clock.GetUtcNow(), nonce: nonce) : null;

    private static Leg Succeeded(EndpointAnswer.Reply reply, AuthorizationServer asked, ExchangeProfile shape, TokenExchangeRequest request)
    {
        if (TokenResponseReader.Read(reply.Body, shape, asked.Settings.AllowMissingIssuedTokenType, request.Sender is not null) is not { } token)
        {
            return new(new ExchangeResult.Rejected(ResultRejection.Shape));
        }

        return new(token with { Scope = token.Scope is { } scopes ? Judged(scopes, shape, request) : null });
    }

    // Where scopes name their target, the answer repeats the name and the token leaves it out. It repeats what was asked for, too,
    // which is no scope beside those that it stands for.
    private static ScopeSet Judged(ScopeSet scopes, ExchangeProfile shape, TokenExchangeRequest request)
    {
        var prefix = TokenRequest.TargetPrefix(request.Target);
        return shape.Scope != ScopeParameter.TargetDefault ? scopes : ScopeSet.Of(
            from scope in scopes
            let isNamed = scope.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            let bare = isNamed ? scope[prefix.Length..] : scope
            where !isNamed || bare != TokenRequest.AllConsented
            select bare);
    }

    private static ExchangeResult Failed(TokenError error, RegisteredClient registered, object? credential)
    {
        if (error.Meaning == ErrorMeaning.Client)
        {
            registered.Exchanging.Refused(error.Diagnostic, credential);
        }

        return error.Meaning switch
        {
            ErrorMeaning.Subject => new ExchangeResult.Refused(ExchangeError.SubjectRefused, Diagnostic: error.Diagnostic),
            ErrorMeaning.Interaction => new ExchangeResult.Refused(ExchangeError.InteractionRequired, error.Claims, error.Diagnostic),
            ErrorMeaning.Target => new ExchangeResult.Refused(ExchangeError.TargetRefused, Diagnostic: error.Diagnostic),
            ErrorMeaning.ActorChain => new ExchangeResult.Refused(ExchangeError.ActorChainRefused, Diagnostic: error.Diagnostic),
            ErrorMeaning.Outage => new ExchangeResult.Unavailable(ProtectedEndpoint.ShortestBreak) { Cause = error.Diagnostic },
            _ => new ExchangeResult.Refused(ExchangeError.Misconfigured, Diagnostic: error.Diagnostic) { OfClient = error.Meaning == ErrorMeaning.Client },
        };
    }

    /// <summary>What came of one request: a token to go on with, or the end of the exchange.</summary>
    private readonly record struct Leg(TokenResponse? Token, ExchangeResult? Failure)
    {
        public Leg(TokenResponse token)
            : this(token, null)
        {
        }

        public Leg(ExchangeResult failure)
            : this(null, failure)
        {
        }
    }
}
