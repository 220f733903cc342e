using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Demo.AuthorizationServer;

/// <summary>The claims of every token that was given out, so that a call can be shown with those of both its hops. Never the tokens.</summary>
internal sealed class IssuedTokens
{
    private readonly ConcurrentDictionary<string, JsonObject> _claims = [];
    private readonly ConcurrentDictionary<string, JsonObject> _hops = [];

    public void Add(JsonObject claims) => _claims[claims["jti"]!.GetValue<string>()] = claims;

    /// <summary>Remembers a token that was exchanged for the one with the id <paramref name="inbound"/>.</summary>
    public void AddHop(string inbound, JsonObject claims)
    {
        Add(claims);
        _hops[inbound] = claims;
    }

    /// <summary>The claims of the newest token that the one with this <c>jti</c> was exchanged for, or null.</summary>
    public JsonObject? HopOf(string inbound) => _hops.GetValueOrDefault(inbound);

    /// <summary>The claims of the token with this <c>jti</c>, or null.</summary>
    public JsonObject? Of(string? id) => id is null ? null : _claims.GetValueOrDefault(id);
}
