using System.Text.RegularExpressions;
using Gateway.Configuration.Options;
using Gateway.Generations;
using Gateway.Http;

namespace Gateway.Configuration.Rules;

/// <summary>Names and paths of servers: <c>server-id</c>, <c>server-path</c>. Routing and audience must never disagree.</summary>
internal static partial class PathRules
{
    /// <summary>Names that an override could not address, or that differ for one person and not for another.</summary>
    public static void NamesAreDistinct(RuleContext context)
    {
        Check("Gateway:AuthorizationServers", context.Options.AuthorizationServers.Keys);
        Check("Gateway:Servers", context.Options.Servers.Keys);

        void Check(string key, IReadOnlyCollection<string> names)
        {
            foreach (var name in names)
            {
                var problem = name.Contains(':', StringComparison.Ordinal) ? "holds a ':', which parts the keys of overrides"
                    : string.IsNullOrWhiteSpace(name) || name.Length > 100 || TextRules.HoldsBlanks(name) ? "is empty, longer than 100 characters or holds white space"
                    : names.TakeWhile(other => other != name).FirstOrDefault(other => other.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } twin ? $"differs from '{twin}' by case alone, which overrides ignore"
                    : null;
                if (problem is not null)
                {
                    context.Error("server-id", $"{key}:{name}", $"The name '{name}' {problem}; write a short name such as 'weather'.");
                }
            }
        }
    }

    public static void PathsAreCanonical(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (CanonicalProblem(server.Path) is { } problem)
            {
                Report(context, server, $"{problem}; write '/' and segments of letters, digits, '-', '.', '_' and '~', such as '/weather'.");
            }
        }
    }

    public static void PathsAreNotReserved(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (GatewayPaths.Own.FirstOrDefault(reserved => Overlap(reserved, server.Path)) is { } reserved)
            {
                Report(context, server, $"is under '{reserved}', which the gateway answers itself; take another path.");
            }

            // A server at the root leaves that path to the gateway; anything below must not meet it.
            if (LocalIssuerPath(context.Options) is { } local && (Overlap(local, server.Path) || (server.Path != "/" && Overlap(server.Path, local))))
            {
                Report(context, server, $"meets the path of LocalIssuer, '{local}'; take another path, so that no resource identifier is an issuer.");
            }
        }
    }

    public static void PathsAreApart(RuleContext context)
    {
        for (var i = 0; i < context.Servers.Length; i++)
        {
            var server = context.Servers[i];
            var other = context.Servers.Take(i).FirstOrDefault(other => Overlap(other.Path, server.Path) || Overlap(server.Path, other.Path));
            if (other is not null)
            {
                Report(context, server, $"and the path '{other.Path}' of '{other.Id}' {(other.Path.Equals(server.Path, StringComparison.OrdinalIgnoreCase) ? "are one, case ignored" : "contain one another")}; give each server a path of its own.");
            }
        }
    }

    /// <summary>Why a path is not the one way of writing it, as the end of a sentence; null when it is.</summary>
    private static string? CanonicalProblem(string path) =>
        !path.StartsWith('/') ? "does not begin with '/'"
        : path.Length > 1 && path.EndsWith('/') ? "ends with '/'"
        : path.Contains("//", StringComparison.Ordinal) ? "has an empty segment"
        : path.Split('/').Any(segment => segment is "." or "..") ? "has a dot segment"
        : !Canonical().IsMatch(path) ? "holds characters that can be written in more than one way"
        : null;

    /// <summary>Why the documents of a local issuer at that path would not be found, or be taken for others, as the end of a sentence; null when they are.</summary>
    internal static string? LocalIssuerProblem(string path) =>
        CanonicalProblem(path) ?? (Overlap(GatewayPaths.WellKnown, path) ? $"is under '{GatewayPaths.WellKnown}', where the documents about issuers and servers are" : null);

    /// <summary>The path of the local issuer under the public URL; null when there is none.</summary>
    internal static string? LocalIssuerPath(GatewayOptions options)
    {
        var origin = CanonicalUri.Of(options.PublicUrl).TrimEnd('/') + "/";
        var issuer = CanonicalUri.Of(options.LocalIssuer?.Issuer).TrimEnd('/');
        return issuer.Length > origin.Length && issuer.StartsWith(origin, StringComparison.Ordinal) ? issuer[(origin.Length - 1)..] : null;
    }

    private static bool Overlap(string above, string path) => GatewayPaths.IsAtOrBelow(path, above);

    private static void Report(RuleContext context, ServerTopology server, string problem)
    {
        var (key, subject) = server.Options.Path is null
            ? ($"Gateway:Servers:{server.Id}", $"The default path '{server.Path}'")
            : (RuleContext.KeyOf(server, "Path"), $"Path '{server.Path}'");
        if (!context.IsDoubtful(RuleContext.KeyOf(server, "Path")))
        {
            context.Error("server-path", key, $"{subject} {problem}");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9/._~-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Canonical();
}
