using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using TokenExchange.Outbound.Result;

namespace TokenExchange.Outbound.Exchange;

/// <summary>
/// What became of an exchange, with what an operator is shown of it: where was asked, and what came back. Save for the result
/// it is somebody else's text, and nothing is decided by it; the returned token itself is not in it.
/// </summary>
public sealed class InspectedExchange
{
    /// <summary>The <see cref="IssuedTokenType"/> of an access token.</summary>
    /// <remarks>RFC 8693 §3.</remarks>
    public const string AccessTokenType = Profiles.TokenType.AccessToken;

    internal InspectedExchange(AuthorizationServer asked) => Asked = asked;

    /// <summary>What the exchange came to.</summary>
    public ExchangeResult Result { get; internal set; } = null!;

    /// <summary>The authorization server that was asked last.</summary>
    public AuthorizationServer Asked { get; private set; }

    /// <summary>Where it was asked, or would have been; null when nothing names its token endpoint, or nobody came to ask.</summary>
    public Uri? Endpoint { get; private set; }

    /// <summary>The status of its answer; null when there was no answer, or none worth an opinion.</summary>
    public int? Status { get; private set; }

    /// <summary>What the answer called itself, when it was no JSON object; null when it did not say, or was one.</summary>
    public string? MediaType { get; private set; }

    /// <summary>Where a redirect leads.</summary>
    public string? Location { get; private set; }

    /// <summary>Whether the answer was one JSON object.</summary>
    public bool IsJson { get; private set; }

    /// <summary>What the answer says is wrong, in the authorization server's own words; null without them.</summary>
    /// <remarks>RFC 6749 §5.2.</remarks>
    public string? ErrorDescription { get; private set; }

    /// <summary>Whether the answer held an <c>access_token</c>, of whatever shape.</summary>
    public bool HoldsToken { get; private set; }

    /// <summary>The answer's <c>token_type</c>.</summary>
    public string? TokenType { get; private set; }

    /// <summary>The answer's <c>issued_token_type</c>.</summary>
    public string? IssuedTokenType { get; private set; }

    /// <summary>The answer's <c>scope</c>.</summary>
    public string? Scope { get; private set; }

    /// <summary>The same as it is judged, without the names of targets; null when it is no list of scopes, or there was none.</summary>
    public ScopeSet? JudgedScope { get; internal set; }

    /// <summary>The answer's <c>expires_in</c>, as it was written.</summary>
    public string? ExpiresIn { get; private set; }

    /// <summary>Whether the answer may do without <see cref="IssuedTokenType"/>.</summary>
    public bool MayOmitIssuedTokenType { get; private set; }

    /// <summary>The header of the returned token; undefined when it cannot be looked into.</summary>
    public JsonElement Header { get; private set; }

    /// <summary>What the returned token says; undefined when it cannot be looked into.</summary>
    public JsonElement Claims { get; private set; }

    /// <summary>Whether the <c>typ</c> of <see cref="Header"/> lets the token be an access token: <c>at+jwt</c>, <c>JWT</c> or none; false when it cannot be looked into.</summary>
    /// <remarks>RFC 9068 §2.1.</remarks>
    public bool HasTypeOfAccessToken => Header.ValueKind == JsonValueKind.Object && ResultChecks.HasTypeOfAccessToken(Header);

    /// <summary>Whether that says no more than <c>JWT</c>, and <see cref="Claims"/> are those of an ID, logout or refresh token.</summary>
    public bool HasClaimsOfAnotherToken => Header.ValueKind == JsonValueKind.Object && ResultChecks.HasClaimsOfAnotherToken(Header, Claims);

    /// <summary>Whether the signature of the returned token was verified; without that anybody may have written <see cref="Claims"/>.</summary>
    public bool IsVerified { get; internal set; }

    /// <summary>Names no part of what came back.</summary>
    public override string ToString() => "inspected exchange";

    internal void Take(AuthorizationServer asked, EndpointAnswer answer, Uri? endpoint, bool mayOmitType)
    {
        (Asked, Endpoint, MayOmitIssuedTokenType) = (asked, endpoint, mayOmitType);
        (HoldsToken, TokenType, IssuedTokenType, Scope, ExpiresIn, Header, Claims) = (false, null, null, null, null, default, default);
        var reply = answer as EndpointAnswer.Reply;
        (Status, MediaType, Location, IsJson) = (reply?.Status, reply?.MediaType, reply?.Location, reply?.Body is not null);
        ErrorDescription = reply is { Status: not 200, Body: { } refused } ? refused.Text("error_description") : null;
        var body = reply is { Status: 200, Body: { } read } ? read : default;
        if (body.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        HoldsToken = body.Has("access_token");
        (TokenType, IssuedTokenType, Scope) = (body.Text("token_type"), body.Text("issued_token_type"), body.Text("scope"));
        ExpiresIn = body.Has("expires_in", out var life) ? life.GetRawText() : null;
        if (body.Text("access_token") is { Length: <= JwsChecks.MaxLength } token && token.Count(character => character == '.') == 2 && new Jws(token.AsMemory()) is var jws && jws.Decode())
        {
            (Header, Claims) = (jws.Header, jws.Payload);
        }
    }
}
