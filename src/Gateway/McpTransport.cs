using System.Text.Json.Serialization;

namespace Gateway;

/// <summary>How an MCP server is spoken to.</summary>
internal enum McpTransport
{
    /// <summary>One endpoint, since 2025-03-26.</summary>
    [JsonStringEnumMemberName("streamable-http")]
    StreamableHttp,

    /// <summary>A stream that names the endpoint for messages (2024-11-05).</summary>
    [JsonStringEnumMemberName("http+sse")]
    HttpSse,
}
