using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;

namespace Gateway.Observe;

/// <summary>
/// What there is to say about one request, filled in along its path and told once, at its end: to the audit, to the
/// metrics and to the trace. It holds names and identifiers. What others wrote is held cut, and can be told only without
/// the request's credentials.
/// </summary>
internal sealed class RequestRecord
{
    /// <summary>When the request arrived.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When it arrived, as <see cref="TimeProvider.GetTimestamp"/>: what durations are measured from.</summary>
    public required long Started { get; init; }

    public required string RequestId { get; init; }

    /// <summary>
    /// Whether the last gate let the request pass, so that the MCP server may have carried it out. Only the gate sets it, and
    /// takes it back where no byte was written: a client that leaves in time does not choose how its call is recorded.
    /// </summary>
    public bool Allowed { get; set; }

    /// <summary>Why the request was refused, or how it ended when it was sent and the end was not a good one; else null.</summary>
    public string? Reason { get; set; }

    /// <summary>What exactly was wrong, where the reason alone does not say: a fixed text, or a peer's words about a token, cut and without credentials.</summary>
    public string? Detail { get; set; }

    /// <summary>What kind of refusal it is; null without one.</summary>
    public string? Category { get; private set; }

    /// <summary>The configured server; null when the path belongs to none.</summary>
    public string? Server { get; set; }

    /// <summary>The server's resource identifier: what an acceptable token is minted for.</summary>
    public string? Resource { get; set; }

    /// <summary>The audiences of the token; set only once its signature was verified.</summary>
    public ImmutableArray<string>? PresentedAudience { get; set; }

    /// <summary>The issuer, once the signature was verified; so are the following five.</summary>
    public string? Issuer { get; set; }

    public ForeignText Subject { get; set; }

    public ForeignText ClientId { get; set; }

    public ImmutableArray<string>? Actors { get; set; }

    /// <summary>The inbound token's <c>jti</c>.</summary>
    public ForeignText TokenId { get; set; }

    /// <summary>How it was proven that the token comes from whom it is bound to: <c>dpop</c> or <c>mtls</c>; null for a bearer token.</summary>
    public string? Proof { get; set; }

    /// <summary>Which approval the call was asked to bring, or brought: the digest of its identifier; null where none is needed.</summary>
    public string? Approval { get; set; }

    public string? ClientAddress { get; set; }

    public ForeignText UserAgent { get; set; }

    /// <summary>The JSON-RPC method (<c>tools/call</c>) once the message was read, else the HTTP method.</summary>
    public ForeignText Method { get; set; }

    /// <summary>What the method is applied to: the tool's or prompt's name, or the resource's URI.</summary>
    public ForeignText Operation { get; set; }

    /// <summary>The audience of the hop token that was sent.</summary>
    public ForeignText OutboundAudience { get; set; }

    /// <summary>The hop token's <c>jti</c>.</summary>
    public ForeignText OutboundTokenId { get; set; }

    public DateTimeOffset? OutboundExpires { get; set; }

    public ExchangeOrigin Exchange { get; set; }

    /// <summary>The HTTP status of the MCP server's last answer; null when none came.</summary>
    public int? McpServerStatus { get; set; }

    /// <summary>What the policy decision point said; null where none was asked.</summary>
    public PolicyDecision? Policy { get; set; }

    /// <summary>The HTTP status that the client got.</summary>
    public int Status { get; set; }

    /// <summary>The time spent waiting for the MCP server; the rest of the request's time is the gateway's overhead.</summary>
    public TimeSpan McpServerTime { get; set; }

    /// <summary>Takes over what a validated token says.</summary>
    public void Present(ValidatedToken token)
    {
        PresentedAudience = token.Audiences;
        Issuer = token.Issuer;
        Subject = token.Subject;
        ClientId = token.ClientId;
        Actors = token.Actors;
        TokenId = token.TokenId;
        Proof = token.ProofOfPossession switch
        {
            ProofOfPossession.DPoP => "dpop",
            ProofOfPossession.Certificate => "mtls",
            _ => null,
        };
    }

    /// <summary>Takes over which hop token is sent, and where it came from.</summary>
    public void Send(OutboundToken token, ExchangeOrigin origin)
    {
        OutboundAudience = token.Audiences is [var first, ..] ? first : null;
        OutboundTokenId = token.TokenId;
        OutboundExpires = token.ExpiresAt;
        Exchange = origin;
    }

    /// <summary>Takes over why the request goes no further, or why its answer is not relayed.</summary>
    public void Refuse(int status, string reason, string category, string? detail = null)
    {
        Status = status;
        Reason = reason;
        Category = category;
        Detail = detail;
    }
}
