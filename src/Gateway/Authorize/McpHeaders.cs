using System.Text;
using TokenExchange.AspNetCore.Calls;

namespace Gateway.Authorize;

/// <summary>
/// Compares what MCP's headers say with what the body says. Whoever processes the body must reject a difference, or a
/// rule that reads the one could be walked around with the other.
/// </summary>
/// <remarks>MCP 2026-07-28, Streamable HTTP, standard request headers.</remarks>
internal static class McpHeaders
{
    /// <summary>The first revision without sessions, whose requests carry these headers.</summary>
    private const string FirstModern = "2026-07-28";
    private const string Initialize = "initialize";
    private const string ProtocolVersion = "MCP-Protocol-Version";
    private const string Method = "Mcp-Method";
    private const string Name = "Mcp-Name";

    /// <summary>Whether a request belongs to a revision without sessions: by its header, or else by its body.</summary>
    public static bool IsModern(IHeaderDictionary headers, Operation operation) => IsModern(RevisionOf(headers, operation));

    /// <summary>Whether the revision is one that is known. Sessions of an unknown one are taken where they are the caller's.</summary>
    public static bool IsKnown(IHeaderDictionary headers, Operation operation) => RevisionOf(headers, operation) is null or FirstModern || !IsModern(headers, operation);

    /// <summary>What a request says its revision is. Of <c>initialize</c>, which only the revisions with sessions have, nothing is asked: it is there to agree on one.</summary>
    private static string? RevisionOf(IHeaderDictionary headers, Operation operation)
    {
        var version = headers[ProtocolVersion];
        return operation.Method == Initialize ? null : version.Count > 0 ? version[0] : operation.ProtocolVersion;
    }

    /// <summary>Whether headers and body speak of the same operation.</summary>
    public static bool Agree(IHeaderDictionary headers, Operation operation, McpTransport transport)
    {
        var version = headers[ProtocolVersion];
        var method = headers[Method];
        var name = headers[Name];
        if (version.Count > 1 || method.Count > 1 || name.Count > 1)
        {
            return false;
        }

        // A request is modern when its body says so; one that only its header calls modern, the MCP server answers itself.
        // The HTTP+SSE transport is older than the headers: there they may be missing whatever the body says.
        // initialize belongs to the revisions before, whatever it is sent with.
        var initializes = operation.Method == Initialize;
        var modern = transport == McpTransport.StreamableHttp && !initializes && operation is { Kind: MessageKind.Request, ProtocolVersion: { } inBody } && IsModern(inBody);
        if (version.Count == 1 ? !initializes && operation.ProtocolVersion is { } other && version[0] != other : modern)
        {
            return false;
        }

        if (method.Count == 1 ? method[0] != (operation.Method ?? "") : modern)
        {
            return false;
        }

        if (operation.Name is not { } named)
        {
            // Nothing in the body to contradict, but a server that reads the header would find a name that no rule saw.
            return name.Count == 0 || operation.Method is null || !MethodNames.IsMirrored(operation.Method);
        }

        return name.Count == 1 ? Decode(name[0]!) == named : !(modern && MethodNames.IsMirrored(operation.Method!));
    }

    /// <summary>What is no known revision is treated as the newest one known.</summary>
    public static bool IsModern(string? version) => version is not (null or "2024-10-07" or "2024-11-05" or "2025-03-26" or "2025-06-18" or "2025-11-25");

    /// <summary>Values that a header cannot carry as they are come as <c>=?base64?…?=</c>.</summary>
    private static string? Decode(string value)
    {
        const string Start = "=?base64?";
        const string End = "?=";
        if (!value.StartsWith(Start, StringComparison.OrdinalIgnoreCase) || !value.EndsWith(End, StringComparison.Ordinal) || value.Length < Start.Length + End.Length)
        {
            return value;
        }

        try
        {
            // The platform's decoder passes over white space, which base64 has none of (RFC 4648 §3.3): another reader may not.
            var encoded = value[Start.Length..^End.Length];
            return encoded.AsSpan().ContainsAny(" \t\r\n") ? null : new UTF8Encoding(false, true).GetString(Convert.FromBase64String(encoded));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
