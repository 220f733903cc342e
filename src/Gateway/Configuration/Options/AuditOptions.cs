using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

/// <summary>The audit, as written.</summary>
internal sealed class AuditOptions
{
    [Description("A file that audit events are appended to, one JSON object per line.")]
    [Example("/var/log/gateway/audit.jsonl")]
    public string? File { get; set; }

    [Description("What happens when the file cannot keep up: block requests, or drop events and count them.")]
    public AuditOnFull OnFull { get; set; } = AuditOnFull.Block;
}

internal enum AuditOnFull
{
    [JsonStringEnumMemberName("block")]
    Block,

    [JsonStringEnumMemberName("drop")]
    Drop,
}
