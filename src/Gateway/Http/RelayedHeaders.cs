using System.Collections.Frozen;

namespace Gateway.Http;

/// <summary>What of a request's headers may be the client's word: the last gate copies these, and no rule lets a credential stand among them.</summary>
internal static class RelayedHeaders
{
    /// <summary>End-to-end headers that an MCP server needs, by name; nothing that identifies or authenticates the client.</summary>
    public static readonly FrozenSet<string> Named = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Accept", "User-Agent", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Last-Event-ID", "traceparent", "tracestate", "baggage");

    /// <summary>Whether a request's header of this name, framing aside, is passed on; <paramref name="forwarded"/> are a server's own.</summary>
    public static bool Pass(string name, FrozenSet<string> forwarded) =>
        Named.Contains(name) || name.StartsWith("Mcp-Param-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Accept-", StringComparison.OrdinalIgnoreCase)
        || (forwarded.Count > 0 && forwarded.Contains(name));

    /// <summary>Whether what the MCP server gets under that name may be the client's, or is the gateway's own word about the request.</summary>
    public static bool IsOfClient(string name) =>
        Named.Contains(name) || name.Equals("X-Request-Id", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Mcp-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Accept", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
}
