namespace TokenExchange.AspNetCore.Calls;

/// <summary>What names the thing that a method is applied to.</summary>
internal enum NameKind
{
    /// <summary>Nothing: the method is applied to the server as a whole.</summary>
    None,

    /// <summary><c>params.name</c>.</summary>
    Name,

    /// <summary><c>params.uri</c>.</summary>
    Uri,

    /// <summary><c>params.taskId</c>.</summary>
    Task,

    /// <summary><c>params.ref.name</c> or <c>params.ref.uri</c>.</summary>
    Reference,

    /// <summary>A method that is not MCP's: it may name something where nobody knows to look.</summary>
    Unknown,
}

/// <summary>Where each method of MCP names what it is applied to.</summary>
internal static class MethodNames
{
    public const string Subscribe = "resources/subscribe", Listen = "subscriptions/listen", Tasks = "tasks/";

    public static NameKind Of(string method) => method switch
    {
        "tools/call" or "prompts/get" => NameKind.Name,
        "resources/read" or Subscribe or "resources/unsubscribe" => NameKind.Uri,
        "completion/complete" => NameKind.Reference,
        "tasks/list" => NameKind.None,
        "initialize" or "server/discover" or "ping" or "tools/list" or "prompts/list" or "resources/list" or "resources/templates/list" or "logging/setLevel"
            or Listen or "sampling/createMessage" or "elicitation/create" or "roots/list" => NameKind.None,
        _ when method.StartsWith(Tasks, StringComparison.Ordinal) => NameKind.Task,
        _ when method.StartsWith("notifications/", StringComparison.Ordinal) => NameKind.None,
        _ => NameKind.Unknown,
    };
}
