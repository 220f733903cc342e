using System.Collections.Immutable;

namespace Gateway.Authorize;

/// <summary>Which of JSON-RPC's messages a request carries, if any.</summary>
internal enum MessageKind
{
    /// <summary>No message: a GET stream or a DELETE.</summary>
    None,

    /// <summary>A JSON-RPC request.</summary>
    Request,

    /// <summary>A JSON-RPC notification.</summary>
    Notification,

    /// <summary>The client's answer to a request of the server.</summary>
    Response,
}

/// <summary>One MCP operation, as the body says it: that is what the MCP server will see too.</summary>
/// <param name="Kind">The kind of message.</param>
/// <param name="Method">The JSON-RPC method; null for responses and without a message.</param>
/// <param name="Name">The tool's or prompt's name, or the resource's URI, or the task's id; null where the method has none.</param>
/// <param name="IsUri">Whether the name is a URI, or a template of one.</param>
/// <param name="ProtocolVersion">What <c>_meta</c> says is the protocol version; null when it says nothing.</param>
internal sealed record Operation(MessageKind Kind, string? Method = null, string? Name = null, string? ProtocolVersion = null, bool IsUri = false)
{
    public static readonly Operation None = new(MessageKind.None);

    /// <summary>What <c>subscriptions/listen</c> wants to hear of by name: each counts as an operation of its own.</summary>
    public ImmutableArray<OperationSubscription> Subscriptions { get; init; } = [];
}

/// <summary>One resource or task whose changes a client listens for.</summary>
/// <param name="Method">The operation that it counts as: it tells no less.</param>
/// <param name="Name">The resource's URI, or the task's id.</param>
internal readonly record struct OperationSubscription(string Method, string Name);
