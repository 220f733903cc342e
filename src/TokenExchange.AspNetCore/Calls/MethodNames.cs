using System.Collections.Frozen;
using System.Collections.Immutable;

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

/// <summary>The methods of MCP, and where each names what it is applied to.</summary>
internal static class MethodNames
{
    public const string Subscribe = "resources/subscribe", Listen = "subscriptions/listen", Tasks = "tasks/";

    /// <summary>Every method but notifications, in any revision: what names the thing, and whether the header <c>Mcp-Name</c> mirrors it.</summary>
    private static readonly (string Method, NameKind Kind, bool IsMirrored)[] Table =
    [
        ("initialize", NameKind.None, false),
        ("server/discover", NameKind.None, false),
        ("ping", NameKind.None, false),
        ("tools/list", NameKind.None, false),
        ("tools/call", NameKind.Name, true),
        ("prompts/list", NameKind.None, false),
        ("prompts/get", NameKind.Name, true),
        ("resources/list", NameKind.None, false),
        ("resources/templates/list", NameKind.None, false),
        ("resources/read", NameKind.Uri, true),
        (Subscribe, NameKind.Uri, false),
        ("resources/unsubscribe", NameKind.Uri, false),
        (Listen, NameKind.None, false),
        ("completion/complete", NameKind.Reference, false),
        ("logging/setLevel", NameKind.None, false),
        ("sampling/createMessage", NameKind.None, false),
        ("elicitation/create", NameKind.None, false),
        ("roots/list", NameKind.None, false),
        ("tasks/list", NameKind.None, false),
        ("tasks/get", NameKind.Task, true),
        ("tasks/result", NameKind.Task, false),
        ("tasks/cancel", NameKind.Task, true),
        ("tasks/update", NameKind.Task, true),
    ];

    private static readonly FrozenDictionary<string, NameKind> Kinds = Table.ToFrozenDictionary(row => row.Method, row => row.Kind, StringComparer.Ordinal);
    private static readonly FrozenSet<string> Mirrored = Table.Where(row => row.IsMirrored).Select(row => row.Method).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The methods of MCP but notifications.</summary>
    public static ImmutableArray<string> All { get; } = [.. Table.Select(row => row.Method)];

    public static NameKind Of(string method) =>
        Kinds.TryGetValue(method, out var kind) ? kind
        : method.StartsWith(Tasks, StringComparison.Ordinal) ? NameKind.Task
        : method.StartsWith("notifications/", StringComparison.Ordinal) ? NameKind.None
        : NameKind.Unknown;

    /// <summary>Whether the header <c>Mcp-Name</c> mirrors the name, URI or task of the method.</summary>
    /// <remarks>MCP 2026-07-28, Streamable HTTP, standard request headers; tasks extension.</remarks>
    public static bool IsMirrored(string method) => Mirrored.Contains(method);
}
