namespace Gateway.Authorize.Policy;

/// <summary>What a policy decision point is asked about: may somebody do this with that.</summary>
/// <param name="Action">The MCP method.</param>
/// <param name="Type">The type of the resource.</param>
/// <param name="Id">Which one; null: the MCP server as a whole.</param>
internal readonly record struct PolicyQuestion(string Action, string Type, string? Id)
{
    private const string Server = "mcp_server";
    private const string Tool = "tool";
    private const string Prompt = "prompt";
    private const string Resource = "resource";
    private const string Task = "task";

    /// <summary>The question of a call of the tool, of <see cref="Reads"/> and <see cref="Gets"/> likewise.</summary>
    public static PolicyQuestion Calls(string tool) => new("tools/call", Tool, tool);

    public static PolicyQuestion Reads(string uri) => new("resources/read", Resource, uri);

    public static PolicyQuestion Gets(string prompt) => new("prompts/get", Prompt, prompt);

    public static PolicyQuestion Of(OperationSubscription subscription) =>
        new(subscription.Method, subscription.Method == OperationNames.Subscribe ? Resource : Task, subscription.Name);

    /// <summary>Whether somebody has to be asked: not about what keeps a connection alive, answers, and says nothing of anything behind.</summary>
    public static bool IsNeeded(Operation operation) => operation.Kind switch
    {
        MessageKind.None or MessageKind.Response => false,
        MessageKind.Notification when operation.Method!.StartsWith("notifications/", StringComparison.Ordinal) => false,

        // Any other message without an id stays the operation that it names: a careless server may carry it out.
        _ => operation.Method != "ping",
    };

    /// <summary>The question about an operation; null for a method that the binding does not know, or one whose name is missing.</summary>
    /// <remarks>COAZ-MCP (draft), default mappings and unknown methods.</remarks>
    public static PolicyQuestion? Of(Operation operation) => TypeOf(operation) switch
    {
        null => null,
        Server => new(operation.Method!, Server, null),
        var type => operation.Name is { Length: > 0 } name ? new(operation.Method!, type, name) : null,
    };

    /// <summary>Whether the answer to the operation lists what a caller may ask for next.</summary>
    public static bool IsList(Operation operation) => operation.Method is "tools/list" or "prompts/list" or "resources/list" or "resources/templates/list";

    private static string? TypeOf(Operation operation) => operation.Method switch
    {
        "initialize" or "server/discover" or "tools/list" or "prompts/list" or "resources/list" or "resources/templates/list"
            or "tasks/list" or "logging/setLevel" or OperationNames.Listen => Server,
        "tools/call" => Tool,
        "prompts/get" => Prompt,
        "resources/read" or OperationNames.Subscribe or "resources/unsubscribe" => Resource,
        "completion/complete" => operation.IsUri ? Resource : Prompt,
        "tasks/get" or "tasks/result" or "tasks/cancel" or "tasks/update" => Task,
        _ => null,
    };
}
