namespace Deputy.Staging;

/// <summary>What a target can say of itself; cases that need what it does not have are not applicable.</summary>
internal static class Capabilities
{
    public static IReadOnlyDictionary<string, string> All { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["exchange"] = "It exchanges the inbound token for one of the authorization server behind (RFC 8693), for every MCP server another; at alpha results may outlive the inbound token by five minutes at most.",
        ["local"] = "It mints the token for the MCP server itself.",
        ["hop-token"] = "Every MCP server gets tokens of its own (exchange or local).",
        ["servers"] = "One gateway stands before several servers: alpha and beta.",
        ["sidecar"] = "It stands before one MCP server only and passes on the token that was minted for it, or none.",
        ["issuers"] = "Server partner takes tokens of issuer partner, and server both those of corp and partner.",
        ["clock"] = "Server brief takes tokens of issuer brief, without any clock skew.",
        ["metadata"] = "It serves protected resource metadata (RFC 9728) and points to it in challenges.",
        ["origin"] = "It checks the Origin of browsers.",
        ["sessions"] = "It binds the sessions of MCP servers to those who opened them.",
        ["rules"] = "Server rules: delete_* and resources file:///secret/* are denied, write_* needs files:write, everything needs files:read.",
        ["lists"] = "Server lists: tools/list shows a caller only what its rules allow (delete_* is denied).",
        ["http+sse"] = "Server sse speaks the transport of 2024-11-05; its MCP server is at the base URL.",
        ["credential"] = "Server static gets a static credential in X-Api-Key in place of the token: static-key-of-the-mcp-server.",
        ["outage"] = "Server fragile has an issuer of its own, asked for exchanges with a time limit of at most 2 s.",
        ["key-refresh"] = "Server rotating has an issuer of its own, whose keys are fetched anew every second.",
        ["introspection"] = "Server watched has an issuer of its own, which is asked about every token; answers are remembered for a second at most.",
        ["logout"] = "It takes OpenID back-channel logouts of corp at /backchannel-logout/corp.",
        ["security-events"] = "It takes security event tokens of corp at /security-events/corp.",
        ["dpop"] = "It takes DPoP (RFC 9449); server bound takes nothing else.",
        ["bind"] = "Server bindout: its hop tokens are bound to a key of the gateway (DPoP).",
        ["call-binding"] = "Server binder binds hop tokens to one call (mcp_call); server receiver takes bound tokens alone, those of issuer corp.",
        ["approval"] = "Server approvals: tool pay_* needs an approval of that very call.",
        ["policy"] = "Server policy asks the kit's policy decision point (AuthZEN) before it lets a call pass.",
        ["front"] = "It is an authorization server front for clients that cannot register, at /oauth/fronted, for server fronted and its issuer of that name: client public-client, redirect URIs https://client.deputy.test/callback and http://127.0.0.1:*/callback.",
        ["browser"] = "It answers preflights of browsers.",
    };
}
