using System.Globalization;
using System.Net;
using Gateway.Configuration.Options;

namespace Gateway.Configuration.Rules;

/// <summary><c>state-key</c>, <c>state-redis</c>, <c>state-plain</c>, <c>state-serve</c>, <c>replica-state</c>, <c>security-events</c>: what replicas share, and what they do not.</summary>
internal static class StateRules
{
    private const string Key = "Gateway:SharedState";

    public static void SharedStateCanBeUsed(RuleContext context)
    {
        if (context.Options.SharedState is not { } state)
        {
            return;
        }

        if (context.Options.SessionKeyFile is null)
        {
            context.Error("state-key", Key, "What is shared is named and sealed with keys that all replicas have; write SessionKeyFile.");
        }

        if (state.OnStale == OnStale.Serve)
        {
            context.Warn("state-serve", $"{Key}:OnStale", "A replica that cannot reach the shared state goes on without the revocations that it has not heard of; write 'refuse'.");
        }

        if (state.Redis is not { } redis)
        {
            context.Error("state-redis", $"{Key}:Redis", "Where the shared state is, is not said; write Redis with its Endpoints.");
            return;
        }

        Check(context, redis);
    }

    /// <summary>What one process alone knows is not true of several.</summary>
    public static void ReplicasKnowTheSame(RuleContext context)
    {
        if (context.Options.SharedState is not null)
        {
            return;
        }

        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Warn(server.SecurityEvents is not null, RuleContext.KeyOf(name, "SecurityEvents"), "A security event is known to the one process that hears of it, and until it ends; with several replicas, write SharedState.");
            Warn(server.BackchannelLogout, RuleContext.KeyOf(name, "BackchannelLogout"), "A logout is known to the one process that hears of it, and until it ends; with several replicas, write SharedState.");
        }

        foreach (var server in context.Servers)
        {
            string Of(string member) => RuleContext.KeyOf(server, member);
            Warn(server.Options.RequireCallBinding, Of("RequireCallBinding"), "Which tokens were used is known to this process alone: with several replicas, each takes a token once; write SharedState.");
            Warn(server.Options.Operations.Any(rule => rule.Approval), Of("Operations"), "Which approvals were used is known to this process alone: with several replicas, each takes an approval once; write SharedState.");
            Warn(server.Options.SenderConstraint == SenderConstraint.Required, Of("SenderConstraint"), "Which proofs were used is known to this process alone: with several replicas, each takes a proof once; write SharedState.");
        }

        void Warn(bool matters, string key, string message)
        {
            if (matters)
            {
                context.Warn("replica-state", key, message);
            }
        }
    }

    public static void SecurityEventsSayWhatTheyAreFor(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            if (server.SecurityEvents is not { } events)
            {
                continue;
            }

            if (events.Audience is not { Length: > 0 })
            {
                context.Error("security-events", RuleContext.KeyOf(name, "SecurityEvents:Audience"), $"What events must be addressed to is not said; write Audience, such as {context.Options.PublicUrl?.TrimEnd('/')}/security-events/{name}.");
            }

            if (!server.Inbound)
            {
                context.Error("security-events", RuleContext.KeyOf(name, "SecurityEvents"), "Its tokens are not accepted from clients: there is nothing to revoke; remove this, or Inbound.");
            }
        }
    }

    private static void Check(RuleContext context, RedisOptions redis)
    {
        const string key = $"{Key}:Redis";
        for (var i = 0; i < redis.Endpoints.Count; i++)
        {
            if (HostOf(redis.Endpoints[i]) is not { } host)
            {
                context.Error("state-redis", $"{key}:Endpoints:{i}", $"The endpoint '{ConfiguredUrl.WithoutUser(redis.Endpoints[i])}' is not a host and a port, such as redis:6379.");
            }
            else if (!redis.Tls && !IsNear(host))
            {
                context.Warn("state-plain", $"{key}:Tls", $"Whoever is between here and '{host}' sees the password, and can delete what was revoked; leave Tls on.");
            }
        }

        if (redis.Endpoints.Count == 0)
        {
            context.Error("state-redis", $"{key}:Endpoints", "No endpoint is named; write the host and port of the primary, and of its replicas.");
        }

        if (redis.Prefix is { Length: 0 or > 64 } || redis.Prefix.Any(character => character is <= ' ' or > '~' or '*' or '?' or '[' or ']' or '{' or '}' or '\\'))
        {
            context.Error("state-redis", $"{key}:Prefix", "The prefix must have 1 to 64 printable characters without blanks, and none of * ? [ ] { } \\.");
        }

        if (redis is { CaFile: not null, Tls: false })
        {
            context.Error("state-redis", $"{key}:CaFile", "There is no certificate to be judged without Tls.");
        }

        if (redis is { User: not null, PasswordFile: null })
        {
            context.Error("state-redis", $"{key}:User", "A user needs a password; write PasswordFile.");
        }
    }

    private static string? HostOf(string endpoint)
    {
        var colon = endpoint.LastIndexOf(':');
        return colon > 0 && int.TryParse(endpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            && endpoint[..colon] is var host && (Uri.CheckHostName(host) != UriHostNameType.Unknown)
                ? host
                : null;
    }

    private static bool IsNear(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
