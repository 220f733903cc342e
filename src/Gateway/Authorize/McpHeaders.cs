using System.Text;

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
    private const string ProtocolVersion = "MCP-Protocol-Version";
    private const string Method = "Mcp-Method";
    private const string Name = "Mcp-Name";

    /// <summary>Whether a request belongs to a revision without sessions: by its header, or else by its body.</summary>
    public static bool IsModern(IHeaderDictionary headers, Operation operation)
    {
        var version = headers[ProtocolVersion];
        return IsModern(version.Count > 0 ? version[0] : operation.ProtocolVersion);
    }

    /// <summary>Whether headers and body speak of the same operation.</summary>
    public static bool Agree(IHeaderDictionary headers, Operation operation)
    {
        var version = headers[ProtocolVersion];
        var method = headers[Method];
        var name = headers[Name];
        if (version.Count > 1 || method.Count > 1 || name.Count > 1)
        {
            return false;
        }

        // The body's version is authoritative in modern revisions, and a header that is missing there disagrees.
        if (operation.ProtocolVersion is { } inBody && (version.Count == 0 ? IsModern(inBody) : version[0] != inBody))
        {
            return false;
        }

        var modern = IsModern(headers, operation);
        if (modern && operation.Kind == MessageKind.Request && (operation.ProtocolVersion is null || method.Count == 0))
        {
            return false;
        }

        if (method.Count == 1 && method[0] != (operation.Method ?? ""))
        {
            return false;
        }

        if (name.Count == 1)
        {
            return operation.Name is not null ? Decode(name[0]!) == operation.Name : !modern || operation.Kind != MessageKind.Request;
        }

        return !(modern && operation is { Kind: MessageKind.Request, Name: not null } && NeedsName(operation.Method!));
    }

    private static bool NeedsName(string method) => method is "tools/call" or "prompts/get" or "resources/read";

    private static bool IsModern(string? version) => version is not null && string.CompareOrdinal(version, FirstModern) >= 0 && IsRevision(version);

    /// <summary>Revisions are dates; anything else is not compared as one.</summary>
    private static bool IsRevision(string version) => version.Length == FirstModern.Length && char.IsAsciiDigit(version[0]);

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
            return new UTF8Encoding(false, true).GetString(Convert.FromBase64String(value[Start.Length..^End.Length]));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
