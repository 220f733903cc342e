namespace Gateway.Authorize;

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

/// <summary>Which methods name what they are applied to, and where.</summary>
internal static class OperationNames
{
    public const string Subscribe = "resources/subscribe";
    public const string Listen = "subscriptions/listen";
    private const string Tasks = "tasks/";

    private static readonly string[] Named =
        ["tools/call", "prompts/get", "resources/read", Subscribe, "resources/unsubscribe", "completion/complete", "tasks/get", "tasks/result", "tasks/cancel", "tasks/update"];

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

    /// <summary>Whether some method that matches the pattern has a name.</summary>
    public static bool MayHave(string pattern)
    {
        var matcher = new Pattern(pattern);
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        var start = star < 0 ? pattern : pattern[..star];
        return Array.Exists(Named, method => matcher.Matches(method))
            || (star < 0 ? Of(pattern) == NameKind.Task : start.StartsWith(Tasks, StringComparison.Ordinal) || Tasks.StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>Whether some method that matches the pattern is applied to a URI.</summary>
    public static bool MayBeUri(Pattern pattern) => Array.Exists(Named, method => Of(method) is NameKind.Uri or NameKind.Reference && pattern.Matches(method));

    /// <summary>Whether every name of the methods that match the pattern is a URI.</summary>
    public static bool IsUriAlone(string pattern)
    {
        var matcher = new Pattern(pattern);
        return MayHave(pattern) && Named.Where(method => matcher.Matches(method)).All(method => Of(method) == NameKind.Uri);
    }
}
