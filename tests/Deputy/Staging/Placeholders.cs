namespace Deputy.Staging;

/// <summary>What templates may name, so that a name that was mistyped is told and not taken for one more issuer or server.</summary>
internal static class Placeholders
{
    public static IReadOnlyList<string> Issuers { get; } = ["corp", "partner", "fragile", "rotating", "brief", "watched", "fronted"];

    public static IReadOnlyList<string> Servers { get; } =
    [
        "alpha", "beta", "partner", "both", "fragile", "rotating", "brief", "watched", "fronted", "rules", "lists", "policy", "sse", "static", "bound", "bindout", "binder", "receiver", "approvals",
    ];

    /// <summary>What is wrong with <c>${name:argument}</c>; null when nothing is.</summary>
    public static string? Wrong(string name, string argument) => name switch
    {
        "resource" or "inner" or "mcp" or "mcp-host" => Among(name, argument, "server", Servers),
        "issuer" or "issuer-host" or "public-key" or "jwks-file" => Among(name, argument, "issuer", Issuers),
        "port" => null,
        "directory" or "repository" or "target" or "kit" or "public-url" or "public-host" or "client-id" or "client-secret" or "policy" or "canary" or "new-key" =>
            argument.Length == 0 ? null : $"${{{name}:{argument}}} takes nothing after a colon.",
        _ => $"${{{name}}} is no placeholder; --describe lists them. What is no placeholder is written $${{{name}}}.",
    };

    private static string? Among(string name, string argument, string kind, IReadOnlyList<string> known) =>
        known.Contains(argument) ? null
        : $"{(argument.Length == 0 ? $"${{{name}}} names no {kind}" : $"${{{name}:{argument}}} names no {kind} that a case uses")}: ${{{name}:{known[0]}}}, or another of {string.Join(", ", known)}.";
}
