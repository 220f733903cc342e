using System.Globalization;

namespace Gateway.Configuration.Rules;

/// <summary>Durations and sizes that cannot be meant: <c>lifetime</c>, <c>size</c>.</summary>
internal static class BoundsRules
{
    public static void DurationsAreSane(RuleContext context)
    {
        var options = context.Options;
        Check("Gateway:DrainDelay", options.DrainDelay, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Check("Gateway:Cache:MaxAge", options.Cache.MaxAge, TimeSpan.Zero, TimeSpan.FromHours(1));
        Check("Gateway:SharedState:MaxStaleness", options.SharedState?.MaxStaleness, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        foreach (var (name, server) in options.AuthorizationServers)
        {
            Check(RuleContext.KeyOf(name, "KeyRefresh"), server.KeyRefresh, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
            Check(RuleContext.KeyOf(name, "ClockSkew"), server.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(5));
            Check(RuleContext.KeyOf(name, "MaxTokenLifetime"), server.MaxTokenLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(31));
            Check(RuleContext.KeyOf(name, "Timeout"), server.Timeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
            Check(RuleContext.KeyOf(name, "Introspection:MaxAge"), server.Introspection?.MaxAge, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        }

        foreach (var server in context.Servers)
        {
            Check(RuleContext.KeyOf(server, "Policy:Timeout"), server.Options.Policy?.Timeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
            Check(RuleContext.KeyOf(server, "StreamIdleTimeout"), server.Options.StreamIdleTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
            Check(RuleContext.KeyOf(server, "RequestBodyTimeout"), server.Options.RequestBodyTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
            Check(RuleContext.KeyOf(server, "MaxResponseDuration"), server.Options.MaxResponseDuration, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
            Check(RuleContext.KeyOf(server, "DPoP:MaxAge"), server.Options.DPoP.MaxAge, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
            Check(RuleContext.KeyOf(server, "Outbound:MaxLifetime"), server.Outbound.MaxLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
            Check(RuleContext.KeyOf(server, "Outbound:MaxOutlive"), server.Outbound.MaxOutlive, TimeSpan.Zero, TimeSpan.FromDays(1));
            Check(RuleContext.KeyOf(server, "Outbound:Lifetime"), server.Outbound.Lifetime, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        }

        void Check(string key, TimeSpan? value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                context.Error("lifetime", key, $"{key[(key.LastIndexOf(':') + 1)..]} is {value:c}; it must be between {least:c} and {most:c}.");
            }
        }
    }

    public static void SizesAreSane(RuleContext context)
    {
        Check("Gateway:Cache:Capacity", context.Options.Cache.Capacity, 1, 10_000_000);
        Check("Gateway:SharedState:Redis:MinReplicas", context.Options.SharedState?.Redis?.MinReplicas ?? 0, 0, 100);
        Check("Gateway:MaxBodyBytesHeld", context.Options.MaxBodyBytesHeld, 64 * 1024, 1L << 40);
        foreach (var server in context.Servers)
        {
            Check(RuleContext.KeyOf(server, "DPoP:ReplayCapacity"), server.Options.DPoP.ReplayCapacity, 1, 100_000_000);
            Check(RuleContext.KeyOf(server, "MaxRequestBody"), server.Options.MaxRequestBody, 1, 256 * 1024 * 1024);
        }

        void Check(string key, long value, long least, long most)
        {
            if (value < least || value > most)
            {
                context.Error("size", key, string.Create(CultureInfo.InvariantCulture, $"{key[(key.LastIndexOf(':') + 1)..]} is {value}; it must be between {least} and {most}."));
            }
        }
    }
}
