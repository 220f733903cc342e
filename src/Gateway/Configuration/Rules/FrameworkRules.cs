using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Configuration.Rules;

/// <summary>
/// ASP.NET Core's web server, whose settings it reads when it starts and not before: <c>listening-url</c>, <c>size</c>,
/// <c>allowed-hosts</c>.
/// </summary>
internal static class FrameworkRules
{
    public static void EndpointsCanBeListenedOn(RuleContext context)
    {
        var before = new List<(string Url, ListenedAt At)>();
        foreach (var (name, endpoint) in context.Kestrel.Endpoints)
        {
            var own = ListenedAt.Of(endpoint.Url);
            if (own is not null && before.FirstOrDefault(other => other.At.Excludes(own)) is { Url: { } taken })
            {
                context.Error("listening-url", $"Kestrel:Endpoints:{name}:Url", $"Url {ConfiguredUrl.Show(endpoint.Url)} cannot be listened on beside {ConfiguredUrl.Show(taken)}, which is another endpoint; write another port, or remove one of both.");
            }
            else if (own is not null)
            {
                before.Add((endpoint.Url!, own));
            }

            if (HostRules.AddressOf(endpoint.Url) is null)
            {
                var wrong = endpoint.Url is null ? "Url is missing" : $"Url {ConfiguredUrl.Show(endpoint.Url)} is not an address to listen on";
                context.Error("listening-url", $"Kestrel:Endpoints:{name}:Url", $"{wrong}; write one such as 'http://0.0.0.0:8080'.");
            }
        }
    }

    /// <summary>Addresses of the environment: those of the command line were judged as options.</summary>
    public static void OptionsCanBeListenedOn(RuleContext context)
    {
        foreach (var option in context.ListeningOptionsWithoutEffect)
        {
            context.Warn("listening-url", "Kestrel:Endpoints", $"{option} has no effect beside Kestrel:Endpoints, which says where to listen; leave one of both out, or override an address there: --Kestrel:Endpoints:{context.Kestrel.Endpoints.Keys.First()}:Url=….");
        }

        if (context.Kestrel.Endpoints.Count > 0)
        {
            return;
        }

        foreach (var url in context.Listening.Where(url => HostRules.AddressOf(url) is null))
        {
            context.Error("listening-url", "urls", $"{ConfiguredUrl.Show(url)} is not an address to listen on; write one such as 'http://0.0.0.0:8080'.");
        }
    }

    /// <summary>Kestrel's own judgement, asked now and not while it starts.</summary>
    public static void LimitsAreTaken(RuleContext context)
    {
        var limits = new KestrelServerLimits();
        var given = context.Kestrel.Limits;
        given.Apply(limits, (key, error) =>
            context.Error("size", $"Kestrel:Limits:{key}", $"Kestrel does not take this: {error.Message.Split(" (Parameter")[0].ReplaceLineEndings(" ").TrimEnd('.')}."));
        if (limits.MaxRequestBufferSize < Math.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize))
        {
            context.Error("size", "Kestrel:Limits:MaxRequestBufferSize", "MaxRequestBufferSize is smaller than MaxRequestLineSize or MaxRequestHeadersTotalSize, which it must hold; make it larger.");
        }
    }

    /// <summary>Host headers that requests may have. What is no name would never be equal to one, so that every request would be refused.</summary>
    public static void AllowedHostsAreNames(RuleContext context)
    {
        foreach (var host in context.AllowedHosts.Where(host => host != "*" && Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) == UriHostNameType.Unknown))
        {
            context.Error("allowed-hosts", "AllowedHosts", $"{ConfiguredUrl.Show(host)} is not a host's name; write those that clients ask by, separated by semicolons and without scheme and port, such as 'mcp.example.com'.");
        }
    }
}
