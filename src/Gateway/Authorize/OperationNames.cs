using TokenExchange.AspNetCore.Calls;

namespace Gateway.Authorize;

/// <summary>Which methods name what they are applied to, and where.</summary>
internal static class OperationNames
{
    public const string Subscribe = MethodNames.Subscribe;
    public const string Listen = MethodNames.Listen;
    public const string TaskGet = Tasks + "get";
    private const string Tasks = MethodNames.Tasks;

    private static readonly string[] Named = [.. MethodNames.All.Where(method => Of(method) != NameKind.None)];

    public static NameKind Of(string method) => MethodNames.Of(method);

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
