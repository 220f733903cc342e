using Microsoft.AspNetCore.Authentication;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;

namespace TokenExchange.AspNetCore;

/// <summary>What one MCP server accepts: tokens of one issuer, minted for exactly this server.</summary>
/// <remarks>There is no switch that turns a check off. Of two servers, each has its own <see cref="Resource"/>.</remarks>
public sealed class HopTokenOptions : AuthenticationSchemeOptions
{
    /// <summary>The exact value of <c>iss</c>: the gateway's local issuer, or the authorization server that the gateway asks. Required.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>
    /// The one value of <c>aud</c> that names this server: the gateway's <c>Outbound:Resource</c> (or <c>Audience</c>), compared
    /// character by character. Required.
    /// </summary>
    /// <remarks>RFC 8707 §2.</remarks>
    public string Resource { get; set; } = "";

    /// <summary>The scopes that every token must hold; without one of them the answer is 403 <c>insufficient_scope</c>.</summary>
    public IList<string> RequiredScopes { get; set; } = [];

    /// <summary>
    /// Takes only tokens that are bound to their call (<c>mcp_call</c>), each once: for a gateway with <c>BindCall</c>. Which tokens
    /// were used is known to this process alone unless <see cref="UsedIds"/> is shared.
    /// </summary>
    public bool RequireCallBinding { get; set; }

    /// <summary>Takes only tokens that are bound to a key, with a DPoP proof: for a gateway with <c>Bind: dpop</c>. A token that is bound is never taken without its proof.</summary>
    /// <remarks>RFC 9449 §7.</remarks>
    public bool RequireProof { get; set; }

    /// <summary>Takes only proofs that hold the digest of the request's body, where there is one (<c>content_digest</c>).</summary>
    public bool RequireContentDigest { get; set; }

    /// <summary>How far the time of a proof may be off. At most an hour.</summary>
    public TimeSpan ProofMaxAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The URL that proofs are made for, where <see cref="Resource"/> is no http(s) URL: as the gateway's <c>Destinations</c> writes it.
    /// Without either, no proof can be checked, and bound tokens are refused.
    /// </summary>
    public Uri? Address { get; set; }

    /// <summary>Remembers which proofs and call-bound tokens were used; null: a memory of this process for <see cref="UsedIdCapacity"/> ids.</summary>
    public IUsedIds? UsedIds { get; set; }

    /// <summary>
    /// How many used ids this process remembers at most, some 100 bytes each; when they are all in use, requests are answered 503. A
    /// proof is remembered until it is too old: for <see cref="ProofMaxAge"/>, and for up to twice that where its time is ahead. There
    /// have to be as many as there are calls in that time.
    /// </summary>
    public int UsedIdCapacity { get; set; } = 1_000_000;

    /// <summary>The longest body that is read to compare its digest, in bytes, at most a gibibyte; a longer one is answered 413.</summary>
    public int MaxBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Where the issuer's metadata is; null: its well-known addresses.</summary>
    /// <remarks>RFC 8414 §3; OpenID Connect Discovery 1.0 §4.</remarks>
    public Uri? MetadataUrl { get; set; }

    /// <summary>Where the issuer's keys are; given, no metadata is asked for.</summary>
    public Uri? JwksUrl { get; set; }

    /// <summary>Whether keys may be fetched over http from another machine. To this machine it is always allowed.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>The signature algorithms of tokens; asymmetric only.</summary>
    public IList<string> Algorithms { get; set; } = ["ES256", "ES384", "PS256", "RS256"];

    /// <summary>The header types of tokens. <c>JWT</c> only where an authorization server stamps nothing better.</summary>
    /// <remarks>RFC 9068 §2.1; RFC 8725 §3.11.</remarks>
    public IList<string> TokenTypes { get; set; } = ["at+jwt"];

    /// <summary>How far the issuer's clock may be off. At most five minutes.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest life of a token.</summary>
    public TimeSpan MaxTokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Where clients get tokens, for the resource document: https URLs; empty: <see cref="Issuer"/>.</summary>
    /// <remarks>RFC 9728 §2.</remarks>
    public IList<string> AuthorizationServers { get; set; } = [];

    /// <summary>What a user may be shown as the name of this server, in the resource document; null: nothing.</summary>
    public string? ResourceName { get; set; }

    /// <summary>Throws with every problem at once.</summary>
    public override void Validate()
    {
        base.Validate();
        var problems = HopTokenRules.Problems(this);
        if (problems.Count > 0)
        {
            throw new ArgumentException("AddHopToken: " + string.Join(' ', problems));
        }
    }

    internal AuthorizationServerSettings ToSettings(string scheme) => new()
    {
        Name = scheme,
        Issuer = Issuer,
        MetadataUrl = MetadataUrl,
        JwksUrl = JwksUrl,
        AllowHttp = AllowHttp,
        ClockSkew = ClockSkew,

        // A key that was removed is forgotten within a minute: half of it to notice, the rest for a slow answer.
        KeyRefresh = TimeSpan.FromSeconds(30),

        // A key that is new is taken at once; of tokens that make up key ids, one a second costs the issuer a request.
        UnknownKeyPause = TimeSpan.FromSeconds(1),
    };
}
