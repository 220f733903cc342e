using System.Diagnostics;
using System.Text.Json;
using Duende.IdentityModel;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Errors;

namespace TokenExchange.Inbound.Introspection;

/// <summary>Asks one authorization server, as one client, whether tokens are active. Remembers no answer.</summary>
/// <remarks>RFC 7662 §2.</remarks>
internal sealed class IntrospectionClient
{
    private readonly AuthorizationServer server;
    private readonly ClientSettings client;
    private readonly Uri? endpoint;

    /// <summary>Asks nobody yet. Throws when the client's settings cannot work.</summary>
    public IntrospectionClient(AuthorizationServer server, ClientSettings client, Uri? endpoint)
    {
        (this.server, this.client, this.endpoint) = (server, client, endpoint);
        _ = server.Endpoints.Client(client);
    }

    /// <summary>
    /// The server's word on the token. Whatever is no clear word, a refusal of the gateway included, is
    /// <see cref="IntrospectionAnswer.Unavailable"/>; only cancellation and bugs throw. <paramref name="subject"/> is the token's, where
    /// it is known.
    /// </summary>
    public async ValueTask<IntrospectionAnswer> IntrospectAsync(ReadOnlyMemory<char> token, string? subject, CancellationToken cancellationToken)
    {
        // Looked up each time: a client that nobody looks up for an hour is let go.
        var registered = server.Endpoints.Client(client);
        if (registered.Introspecting.RefusedWith is { } code)
        {
            return new IntrospectionAnswer.Unavailable(ProtectedEndpoint.ShortestBreak, code);
        }

        var credential = registered.Authenticator.Credential;
        var answer = await server.Endpoints.AskIntrospectionAsync(
            registered, subject is null ? AskedAbout.Nobody : new(server.Settings.Issuer, subject), endpoint, form =>
            {
                form.Add(OidcConstants.TokenIntrospectionRequest.Token, token.ToString());
                form.Add(OidcConstants.TokenIntrospectionRequest.TokenTypeHint, OidcConstants.TokenTypes.AccessToken);
            }).WaitAsync(cancellationToken);
        return answer switch
        {
            EndpointAnswer.Reply { Status: 200, Body: { } body } => Read(AnswerReader.Plain(body)),
            EndpointAnswer.Reply reply => new IntrospectionAnswer.Unavailable(ProtectedEndpoint.ShortestBreak, Refused(reply, registered, credential)),
            EndpointAnswer.Outage outage => new IntrospectionAnswer.Unavailable(outage.RetryAfter!.Value, outage.Cause),
            EndpointAnswer.Busy => new IntrospectionAnswer.Unavailable(ProtectedEndpoint.ShortestBreak, OutageCause.Busy),
            EndpointAnswer.NotSent unsent => new IntrospectionAnswer.Unavailable(ProtectedEndpoint.ShortestBreak, unsent.Diagnostic),
            _ => throw new UnreachableException(),
        };
    }

    private static IntrospectionAnswer Read(JsonElement? answer) => answer is { } body && body.TryGetProperty("active", out var active) ? active.ValueKind switch
    {
        JsonValueKind.True => new IntrospectionAnswer.Active(body),
        JsonValueKind.False => IntrospectionAnswer.Inactive.Value,
        _ => IntrospectionAnswer.Unavailable.Nonsense,
    }
    : IntrospectionAnswer.Unavailable.Nonsense;

    private string Refused(EndpointAnswer.Reply reply, RegisteredClient registered, object? credential)
    {
        var error = TokenError.Of(reply, server.Settings.Dialect);
        if (error.Meaning == ErrorMeaning.Client)
        {
            registered.Introspecting.Refused(error.Diagnostic, credential);
        }

        return error.Diagnostic;
    }
}

/// <summary>What an authorization server says about a token; closed.</summary>
internal abstract record IntrospectionAnswer
{
    private IntrospectionAnswer()
    {
    }

    /// <summary>Active, with everything the server says about it, none of it checked.</summary>
    public sealed record Active(JsonElement Claims) : IntrospectionAnswer
    {
        private string? digest;

        /// <summary>Stands for whatever the answer says that may go out or be decided by.</summary>
        public string Digest => digest ??= IntrospectedClaims.DigestOf(Claims);

        public override string ToString() => "active";
    }

    /// <summary>Not active, or not known there.</summary>
    public sealed record Inactive : IntrospectionAnswer
    {
        public static readonly Inactive Value = new();
    }

    /// <summary>No word; worth another try after 1 to 30 s. The diagnostic is the kind of outage, a registered code or a fixed text.</summary>
    public sealed record Unavailable(TimeSpan RetryAfter, string Diagnostic) : IntrospectionAnswer
    {
        public static readonly Unavailable Nonsense = new(ProtectedEndpoint.ShortestBreak, "the endpoint's answer is none of OAuth");
    }
}
