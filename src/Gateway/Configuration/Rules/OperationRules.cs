using Gateway.Authorize;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;
using TokenExchange.AspNetCore.Calls;

namespace Gateway.Configuration.Rules;

/// <summary><c>operation</c>, <c>nothing-advertised</c>: rules for MCP operations that say nothing, two things at once, or are never reached.</summary>
internal static class OperationRules
{
    private const string NamedMethods = "Names have tools/call and prompts/get (name), resources/read, resources/subscribe and resources/unsubscribe (uri), tasks/* but tasks/list (taskId), and completion/complete (what ref refers to).";

    private static readonly string[] Fillers = ["", "x", "/x", "//x", "///x", ":/x", "a:/x", "://x/", "a://x/", "0", "20"];

    /// <summary>A client that is told of no scope asks for every scope that the authorization server knows, or for none.</summary>
    public static void SomethingIsAdvertised(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Options.AdvertisedScopes is null))
        {
            // A front asks for the scopes written there, whatever the client asks for.
            var asked = server.InboundServers.Any(name => context.Options.AuthorizationServers.TryGetValue(name, out var one) && !server.UsesFrontOf(name, one));
            var scopes = server.Options.RequiredScopes.Concat(server.Options.Operations.Where(rule => !rule.Deny).SelectMany(rule => rule.Scopes ?? []));
            if (asked && scopes.All(scope => scope == "offline_access"))
            {
                context.Warn("nothing-advertised", $"Gateway:Servers:{server.Id}", "No scope is known to advertise: some clients then ask for every scope that the authorization server has, others for none; write RequiredScopes, scopes of Operations, or AdvertisedScopes.");
            }
        }
    }

    public static void OperationsSayOneThing(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var rules = server.Options.Operations;
            for (var i = 0; i < rules.Count; i++)
            {
                var rule = rules[i];
                var key = RuleContext.KeyOf(server, $"Operations:{i}");
                if (string.IsNullOrEmpty(rule.Method))
                {
                    context.Error("operation", $"{key}:Method", "Method is missing; write a JSON-RPC method such as 'tools/call', or '*'.");
                    continue;
                }

                if (TextRules.HoldsBlanks(rule.Method))
                {
                    context.Error("operation", $"{key}:Method", $"Method is {ConfiguredUrl.Show(rule.Method)}, and no method of MCP holds white space or a control character, so that this rule would never match; write one method, and several as rules of their own.");
                    continue;
                }

                if (rule is { Deny: true, Scopes: not null })
                {
                    context.Error("operation", $"{key}:Deny", "Deny and Scopes are both given; an operation that is denied has no scopes that would allow it. Keep one.");
                }

                if (rule is { Deny: true, Approval: true })
                {
                    context.Error("operation", $"{key}:Approval", "Deny and Approval are both given; an operation that is denied cannot be approved. Keep one.");
                }

                if (rule.Name is "")
                {
                    context.Error("operation", $"{key}:Name", "Name is empty, which no operation's name is; write a pattern, or remove it for any name.");
                }
                else if (rule.Name is { } name)
                {
                    if (!OperationNames.MayHave(rule.Method))
                    {
                        context.Error("operation-name", $"{key}:Name", $"'{rule.Method}' names nothing, so that this rule would never match; remove Name. {NamedMethods}");
                    }
                    else if (server.Options.ResourceUris == ResourceUris.Strict && OperationNames.IsUriAlone(rule.Method) && !MayBeNormal(name))
                    {
                        context.Error("operation", $"{key}:Name", $"No URI that is taken matches {ConfiguredUrl.Show(name)}: it must be spelt in its normal form (scheme and host in lower case, no dot segments, nothing encoded that may stand raw).");
                    }
                }

                // A rule behind one that takes everything it is for has no effect, and what it denies is open.
                var before = rules.Take(i).Select((other, place) => (Other: other, Place: place))
                    .FirstOrDefault(pair => Covers(pair.Other.Method, rule.Method) && Covers(pair.Other.Name ?? "*", rule.Name ?? "*"));
                if (before.Other is not null)
                {
                    context.Error("operation", key, $"This rule is never reached: number {before.Place + 1} of the list matches first whatever it would match. Move it up, or remove it.");
                }

                if (!rule.Method.Contains('*', StringComparison.Ordinal) && !rule.Method.StartsWith("notifications/", StringComparison.Ordinal)
                    && !MethodNames.All.Contains(rule.Method) && NearestName.Of(rule.Method, MethodNames.All) is { } nearest)
                {
                    context.Warn("operation-unknown", $"{key}:Method", $"'{rule.Method}' is no method of MCP, so that this rule may never match; did you mean '{nearest}'?");
                }
            }
        }
    }

    /// <summary>Whether some URI in its normal form may match: tried with what a star may stand for.</summary>
    private static bool MayBeNormal(string pattern) =>
        Array.Exists(Fillers, filler => ResourceUri.IsNormal(pattern.Replace("*", filler, StringComparison.Ordinal)));

    /// <summary>Whether one pattern matches everything that another does: the other read as a text in which a star stands for itself.</summary>
    internal static bool Covers(string? pattern, string text)
    {
        if (pattern is null)
        {
            return false;
        }

        var (p, t, star, mark) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, t);
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                (p, t) = (p + 1, t + 1);
            }
            else if (star >= 0)
            {
                (p, t) = (star + 1, ++mark);
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].All(character => character == '*');
    }
}
