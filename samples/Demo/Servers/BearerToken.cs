using System.Text.Json.Nodes;

namespace Demo.Servers;

/// <summary>A token that an MCP server received and found good.</summary>
internal sealed record BearerToken(string Value, string Subject, JsonObject Claims)
{
    /// <summary>Without the token itself: what prints a record must not print a credential.</summary>
    public override string ToString() => $"token of {Subject}";
}
