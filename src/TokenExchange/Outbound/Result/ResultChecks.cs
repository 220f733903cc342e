using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Result;

/// <summary>
/// Everything a returned token must pass before anything is sent with it, in order; the first failure names the
/// rejection. That an authorization server answered 200 does not prove that it honoured what was asked.
/// </summary>
/// <remarks>RFC 8693 §2.2; RFC 8707 §2.2.</remarks>
internal static class ResultChecks
{
    /// <summary>What is checked of a token that can be looked into before a key is looked up.</summary>
    public static readonly Checklist<ResultCandidate, ResultRejection> BeforeKey = new(ResultRejection.Shape,
    [
        new("echo", IsNotTheSubjectToken),
        new("form", IsSignedToken),
        new("typ", TypeIsAccessToken),
        new("issuer", IssuerIsTheExpectedOne),
        new("alg", AlgorithmIsAsymmetric),
    ]);

    /// <summary>What is checked of it with the key: the signature before anything that it vouches for.</summary>
    public static readonly Checklist<ResultCandidate, ResultRejection> WithKey = new(ResultRejection.Shape,
    [
        new("signature", SignatureVerifies),
        new("claim types", ClaimsHaveTheirTypes),
        new("boomerang", NotAcceptableInbound),
        new("audience", AudienceIsTheTarget),
        new("audience alone", AudienceIsNoOther),
        new("subject", SubjectIsTheSame),
        new("times", IsValidNow),
        new("lifetime", IsShortLived),
        new("end", EndsWithTheSubject),
        new("scope", ScopeIsNotWider),
        new("authorization details", DetailsAreNoOthers),
        new("actor", ActorIsOurs),
        new("actor chain", ActorsAreKept),
        new("sender constraint", IsBoundAsAsked),
    ]);

    /// <summary>A token that cannot be looked into: only the answer around it can be judged.</summary>
    public static readonly Checklist<ResultCandidate, ResultRejection> OfOpaque = new(ResultRejection.Shape,
    [
        new("header-safe", FitsIntoAHeader),
        new("echo", IsNotTheSubjectToken),
        new("lifetime", AnswerSaysAShortLife),
        new("end", AnswerEndsWithTheSubject),
        new("scope", ScopeIsNotWider),
        new("authorization details", AnswerKeepsDetails),
        new("actor chain", NoActorCouldBeLost),
        new("sender constraint", IsAskedForABearerToken),
    ]);

    private static ResultRejection? FitsIntoAHeader(ResultCandidate token) =>
        token.Text.Length is > 0 and <= JwsChecks.MaxLength && !token.Text.ContainsAnyExceptInRange('!', '~') ? null : ResultRejection.Shape;

    private static ResultRejection? IsNotTheSubjectToken(ResultCandidate token) =>
        token.Text.SequenceEqual(token.Request.Subject.Value) ? ResultRejection.Boomerang : null;

    private static ResultRejection? IsSignedToken(ResultCandidate token) => JwsChecks.All.Passes(token) ? null : ResultRejection.Shape;

    // An ID token, a logout token or an assertion is no access token, whatever the answer calls it.
    private static ResultRejection? TypeIsAccessToken(ResultCandidate token) =>
        HasTypeOfAccessToken(token.Header) && !HasClaimsOfAnotherToken(token.Header, token.Payload) ? null : ResultRejection.Shape;

    /// <summary>Whether the header of a returned token lets it be an access token; one that says nothing of its type does.</summary>
    internal static bool HasTypeOfAccessToken(JsonElement header) => TypeOf(header) is { } type && JwtType.MayBeAccessToken(type);

    /// <summary>Whether it says nothing better than JWT, as most ID tokens do, and the claims tell what it is.</summary>
    internal static bool HasClaimsOfAnotherToken(JsonElement header, JsonElement payload) =>
        TypeOf(header) is { } type && JwtType.Is(type, "JWT") && TokenClaims.AreOfAnotherToken(payload);

    private static string? TypeOf(JsonElement header) => header.TryGetProperty("typ", out _) ? Jws.StringOf(header, "typ") : "JWT";

    // Before the key: a token of somebody else's is that, and not a bad signature.
    private static ResultRejection? IssuerIsTheExpectedOne(ResultCandidate token) =>
        Jws.StringOf(token.Payload, "iss") == token.ExpectedIssuer ? null : ResultRejection.Issuer;

    private static ResultRejection? AlgorithmIsAsymmetric(ResultCandidate token) =>
        token.Algorithm is { } algorithm && SignatureAlgorithms.KeyOf(algorithm) is not null ? null : ResultRejection.Signature;

    private static ResultRejection? SignatureVerifies(ResultCandidate token)
    {
        try
        {
            token.IsVerified = token.Key!.Key is { } key && key.Verify(token.Algorithm!, token.SigningInput, token.Signature);
            return token.IsVerified ? null : ResultRejection.Signature;
        }
        catch (Exception exception) when (UnfitText.IsFault(exception))
        {
            return ResultRejection.Signature;
        }
    }

    private static ResultRejection? ClaimsHaveTheirTypes(ResultCandidate token)
    {
        token.Claims = TokenClaims.Read(token.Payload);
        return token.Claims is null ? ResultRejection.Shape : null;
    }

    // A token that the gateway itself would accept could be sent back to it by the MCP server that receives it.
    private static ResultRejection? NotAcceptableInbound(ResultCandidate token) =>
        token.Target.InboundAudiences.TryGetValue(token.ExpectedIssuer, out var accepted) && token.Claims!.Audiences.Any(accepted.Contains)
            ? ResultRejection.Boomerang
            : null;

    private static ResultRejection? AudienceIsTheTarget(ResultCandidate token) =>
        token.Claims!.Audiences.Any(audience => token.Target.ResultAudiences.Contains(audience, StringComparer.Ordinal)) ? null : ResultRejection.Audience;

    private static ResultRejection? AudienceIsNoOther(ResultCandidate token) =>
        token.Claims!.Audiences.All(audience => token.Target.ResultAudiences.Contains(audience, StringComparer.Ordinal)) ? null : ResultRejection.AudienceExtra;

    private static ResultRejection? SubjectIsTheSame(ResultCandidate token)
    {
        // No claim to compare would mean any subject.
        var names = token.Target.SubjectClaims;
        if (names.IsDefaultOrEmpty)
        {
            return ResultRejection.Subject;
        }

        foreach (var name in names)
        {
            if (!token.Request.Subject.Claims.TryGetProperty(name, out var inbound) || IsBlank(inbound) ||
                !token.Payload.TryGetProperty(name, out var returned) || !JsonValues.AreEqual(inbound, returned))
            {
                return ResultRejection.Subject;
            }
        }

        return null;
    }

    private static bool IsBlank(JsonElement claim) =>
        claim.ValueKind == JsonValueKind.Null || (claim.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(claim.GetString()));

    private static ResultRejection? IsValidNow(ResultCandidate token)
    {
        var claims = token.Claims!;
        var latest = token.Now + token.Skew;
        return claims.Expiry is not { } expiry || Time(expiry) <= token.Now || Time(claims.NotBefore ?? 0) > latest || Time(claims.IssuedAt ?? 0) > latest
            ? ResultRejection.Lifetime
            : null;
    }

    private static ResultRejection? IsShortLived(ResultCandidate token)
    {
        var expiry = Time(token.Claims!.Expiry!.Value);
        var most = token.Target.MaxLifetime;
        return expiry - token.Now > most + token.Skew || (token.Claims.IssuedAt is { } issued && expiry - Time(issued) > most) ? ResultRejection.Lifetime : null;
    }

    // What the caller was given ends then; a token that goes on outlives its revocation, too.
    private static ResultRejection? EndsWithTheSubject(ResultCandidate token) =>
        Time(token.Claims!.Expiry!.Value) - token.Subject.ExpiresAt > (token.Target.MaxOutlive ?? token.Target.MaxLifetime) ? ResultRejection.Lifetime : null;

    private static ResultRejection? AnswerEndsWithTheSubject(ResultCandidate token) =>
        token.Now + token.Response.ExpiresIn!.Value - token.Subject.ExpiresAt > (token.Target.MaxOutlive ?? token.Target.MaxLifetime) + token.Skew ? ResultRejection.Lifetime : null;

    private static ResultRejection? AnswerSaysAShortLife(ResultCandidate token) =>
        token.Response.ExpiresIn is { } life && life > TimeSpan.Zero && life <= token.Target.MaxLifetime ? null : ResultRejection.Lifetime;

    // What was asked for is the limit, also when nothing was: the scopes of the inbound token were mapped and cut down
    // on purpose, and what an authorization server grants by default is for the operator to admit (ExtraResultScopes).
    private static ResultRejection? ScopeIsNotWider(ResultCandidate token)
    {
        var admitted = token.Request.Scopes.Union(token.Target.ExtraResultScopes);
        var said = token.Response.Scope ?? ScopeSet.Empty;
        var carried = token.Claims?.Scopes ?? ScopeSet.Empty;
        return said.IsSubsetOf(admitted) && carried.IsSubsetOf(admitted) ? null : ResultRejection.Scope;
    }

    // The token itself is what the MCP server sees: details that only the answer names are lost on it.
    private static ResultRejection? DetailsAreNoOthers(ResultCandidate token) =>
        !token.Target.KeepsDetails || (DetailsAreWithin(token, Member(token, AuthorizationDetails.Name)) && AnswerNamesNoOthers(token)) ? null : ResultRejection.AuthorizationDetails;

    private static ResultRejection? AnswerKeepsDetails(ResultCandidate token) =>
        !token.Target.KeepsDetails || DetailsAreWithin(token, token.Response.Details) ? null : ResultRejection.AuthorizationDetails;

    private static bool AnswerNamesNoOthers(ResultCandidate token) => token.Response.Details.ValueKind == JsonValueKind.Undefined || DetailsAreWithin(token, token.Response.Details);

    private static bool DetailsAreWithin(ResultCandidate token, JsonElement details) => AuthorizationDetails.AreWithin(
        details, Inbound(token, AuthorizationDetails.Name), token.Target.Audience, token.Target.Resource, token.Target.DetailsAside.AsSpan());

    // Only the outermost actor is the current one; servers spell it as subject or as client.
    private static ResultRejection? ActorIsOurs(ResultCandidate token)
    {
        var actor = Member(token, "act");
        return actor.ValueKind == JsonValueKind.Undefined ? (token.Target.NamesActor && token.Actor is not null ? ResultRejection.Actor : null)
            : ResultActors.IsGateway(actor, token) || ResultActors.AreEqual(actor, Inbound(token, "act")) ? null
            : ResultRejection.Actor;
    }

    private static ResultRejection? ActorsAreKept(ResultCandidate token)
    {
        var inbound = Inbound(token, "act");
        return !token.Target.KeepsActors || inbound.ValueKind == JsonValueKind.Undefined || ResultActors.Keep(Member(token, "act"), inbound, token)
            ? null
            : ResultRejection.Actor;
    }

    // Nobody can see into it whether the actors are still there.
    private static ResultRejection? NoActorCouldBeLost(ResultCandidate token) =>
        token.Target.KeepsActors && Inbound(token, "act").ValueKind != JsonValueKind.Undefined ? ResultRejection.Actor : null;

    // Bound to what nobody asked for, it is worth nothing; and a token that was to be bound and is not is worth too much.
    private static ResultRejection? IsBoundAsAsked(ResultCandidate token)
    {
        var binding = Confirmation.Read(token.Payload);
        var asked = token.Request.Sender is { } sender ? new Confirmation(sender.Thumbprint, null) : null;
        return binding == asked ? null : ResultRejection.Confirmation;
    }

    private static ResultRejection? IsAskedForABearerToken(ResultCandidate token) => token.Request.Sender is null ? null : ResultRejection.Confirmation;

    private static JsonElement Member(ResultCandidate token, string name) => token.Payload.TryGetProperty(name, out var member) ? member : default;

    private static JsonElement Inbound(ResultCandidate token, string name) => token.Subject.TryGetAuthority(name, out var claim) ? claim : default;

    private static DateTimeOffset Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);
}
