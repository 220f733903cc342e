using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenExchange.AspNetCore.Calls;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Calls;
using TokenExchange.Inbound.Proof;

namespace TokenExchange.AspNetCore;

/// <summary>
/// Decides about one request, in this order: credentials, token with its proof, scopes, the proof's digest and its one use, the
/// call that the token is for and its one use. Answers what it refuses, and serves the resource document.
/// </summary>
internal sealed partial class HopTokenHandler(IOptionsMonitor<HopTokenOptions> options, ILoggerFactory loggers, UrlEncoder encoder, HopTokenServers servers)
    : AuthenticationHandler<HopTokenOptions>(options, loggers, encoder), IAuthenticationRequestHandler
{
    private const string RetryAfterSeconds = "5";
    private HopRefusal? refusal;

    /// <summary>Answers for the resource document, which needs no token; everything else goes on.</summary>
    public async Task<bool> HandleRequestAsync()
    {
        var server = servers.Of(Scheme.Name);
        if (server.DocumentPath is null || (Request.PathBase + Request.Path).Value != server.DocumentPath)
        {
            return false;
        }

        await PublicDocument.ServeAsync(Context, () => server.Document);
        return true;
    }

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var server = servers.Of(Scheme.Name);
        var text = Credentials.Read(Request, out var withProof, out var fault);
        if (fault is { } wrong)
        {
            return wrong == CredentialFault.Missing ? AuthenticateResult.NoResult() : Refuse(HopRefusal.Of(wrong));
        }

        var proof = withProof ? ProofOf(server) : null;
        var validation = await server.Validator.ValidateAsync(text, new Presentation(proof), Context.RequestAborted);
        if (validation.Token is not { } token)
        {
            return Refuse(HopRefusal.Of(validation.Refusal), validation.FailedProofCheck);
        }

        if (server.RequiredScopes.FirstOrDefault(scope => !token.Scopes.Contains(scope)) is not null)
        {
            return Refuse(HopRefusal.InsufficientScope);
        }

        if (await CheckUseAsync(server, token, proof) is { } refused)
        {
            return Refuse(refused);
        }

        Context.Features.Set(token);
        return AuthenticateResult.Success(new AuthenticationTicket(HopTokenPrincipal.Of(token, Scheme.Name), Scheme.Name));
    }

    /// <inheritdoc/>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        await AnswerAsync(refusal ?? HopRefusal.TokenMissing);
    }

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => AnswerAsync(refusal ?? HopRefusal.Forbidden);

    private DPoPProof ProofOf(HopTokenServer server)
    {
        var lines = Request.Headers[Credentials.DPoP];
        return new DPoPProof(lines.Count == 1 ? lines[0] : null, Request.Method, server.Sender is null ? "" : server.UriOf(Context));
    }

    /// <summary>What is left once the token is good: that it and its proof are for this very body, and were not used before.</summary>
    private async ValueTask<HopRefusal?> CheckUseAsync(HopTokenServer server, ValidatedToken token, DPoPProof? proof)
    {
        ReadOnlyMemory<byte> body = default;
        if (server.Options.RequireCallBinding || proof?.CoversBody == true || (proof is not null && server.Options.RequireContentDigest))
        {
            if (await WholeBody.ReadAsync(Context, server.Options.MaxBodyBytes) is not { } whole)
            {
                return HopRefusal.BodyTooLarge;
            }

            body = whole;
        }

        if (proof is not null && await server.Sender!.RedeemAsync(proof, token, body, Context.RequestAborted) is { Outcome: not RedemptionOutcome.Redeemed } redemption)
        {
            return redemption.Outcome switch
            {
                RedemptionOutcome.Full => HopRefusal.Overloaded,
                RedemptionOutcome.Unavailable => HopRefusal.StateUnavailable,
                _ => HopRefusal.InvalidProof,
            };
        }

        return server.Options.RequireCallBinding ? await CheckCallAsync(server, token, body) : null;
    }

    private async ValueTask<HopRefusal?> CheckCallAsync(HopTokenServer server, ValidatedToken token, ReadOnlyMemory<byte> body)
    {
        // What is no message at all is no call that a token could be for.
        var (method, name) = CallReader.Read(Request.Method, body.Span) ?? ("", null);
        switch (CallBinding.Judge(token, server.Locations, method, name, body.Span))
        {
            case CallFit.NoCall:
                return HopRefusal.CallBindingMissing;
            case CallFit.AnotherCall:
                return HopRefusal.CallBindingMismatch;
        }

        return await server.Used.TryTakeAsync(CallBinding.UseOf(token), Context.RequestAborted) switch
        {
            IdUse.Taken => null,
            IdUse.Seen => HopRefusal.TokenReplayed,
            IdUse.Full => HopRefusal.Overloaded,
            _ => HopRefusal.StateUnavailable,
        };
    }

    private AuthenticateResult Refuse(HopRefusal refused, string? detail = null)
    {
        refusal = refused;
        TokenRefused(Logger, Scheme.Name, refused.Reason, detail);
        return AuthenticateResult.Fail(refused.Reason);
    }

    private async Task AnswerAsync(HopRefusal refused)
    {
        var server = servers.Of(Scheme.Name);
        Response.StatusCode = refused.Status;
        Response.Headers.CacheControl = "no-store";
        if (refused.Status == StatusCodes.Status503ServiceUnavailable)
        {
            Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        if (refused.Error is not null || refused == HopRefusal.TokenMissing)
        {
            foreach (var scheme in SchemesOf(server))
            {
                Response.Headers.Append("WWW-Authenticate", ChallengeOf(scheme, server, refused));
            }
        }

        var body = BodyOf(refused);
        Response.ContentType = "application/json";
        Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(Request.Method))
        {
            await Response.Body.WriteAsync(body, Context.RequestAborted);
        }
    }

    // Bearer comes first, because there are clients that look no further.
    private static string[] SchemesOf(HopTokenServer server) =>
        server.Sender is null ? [Credentials.Bearer] : server.Sender.Required ? [Credentials.DPoP] : [Credentials.Bearer, Credentials.DPoP];

    private static string ChallengeOf(string scheme, HopTokenServer server, HopRefusal refused)
    {
        // What is wrong with a proof is nothing to who has none.
        var error = scheme == Credentials.Bearer && refused == HopRefusal.InvalidProof ? null : refused.Error;
        var scopes = refused == HopRefusal.TokenMissing || refused == HopRefusal.InsufficientScope ? server.RequiredScopes.ToString() : "";
        var challenge = Challenge.Begin(scheme, error, refused.Description, server.MetadataUrl, scopes);
        if (scheme == Credentials.DPoP)
        {
            Challenge.Add(challenge, "algs", string.Join(' ', server.ProofAlgorithms));
        }

        return challenge.ToString();
    }

    private static byte[] BodyOf(HopRefusal refused)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("error", refused.Error ?? refused.Reason);
            json.WriteString("error_description", refused.Description);
            json.WriteString("reason", refused.Reason);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    [LoggerMessage(4001, LogLevel.Information, "Hop token refused at {AuthenticationScheme}: {Reason} {Detail}", EventName = "HopTokenRefused")]
    private static partial void TokenRefused(ILogger logger, string authenticationScheme, string reason, string? detail);
}
