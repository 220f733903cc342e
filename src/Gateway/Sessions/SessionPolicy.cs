using System.Collections.Frozen;

namespace Gateway.Sessions;

/// <summary>How one server's sessions are bound to principals and destinations.</summary>
internal sealed class SessionPolicy
{
    /// <summary>The header of Streamable HTTP.</summary>
    public const string Header = "Mcp-Session-Id";

    public required SessionBinding Binding { get; init; }

    /// <summary>The destinations by the ids that sessions name them by.</summary>
    public required FrozenDictionary<string, string> Destinations { get; init; }
}
