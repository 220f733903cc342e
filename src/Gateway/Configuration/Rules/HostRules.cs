using System.Net;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Rules;

/// <summary>Settings of the gateway as a process: <c>management-url</c>, <c>trusted-proxies</c>, <c>client-cert-proxies</c>.</summary>
internal static class HostRules
{
    public static void ManagementUrlCanBeListenedOn(RuleContext context)
    {
        if (context.Options.Management is not { } management)
        {
            return;
        }

        const string key = "Gateway:Management:Url";
        if (AddressOf(management.Url) is not { } address || address.IsUnixPipe || address.IsNamedPipe)
        {
            context.Error("management-url", key, $"{(management.Url is null ? "Url is missing" : $"Url {ConfiguredUrl.Show(management.Url)} is not an address to listen on")}; write one such as 'http://127.0.0.1:9090' (or 'http://*:9090' for every interface).");
        }
        else if (ListenedAt.Of(management.Url) is { } own && context.Listening.FirstOrDefault(listening => ListenedAt.Of(listening)?.Excludes(own) == true) is { } taken)
        {
            context.Error("management-url", key, $"Url {ConfiguredUrl.Show(management.Url)} cannot be listened on: {ConfiguredUrl.Show(taken)} is where the gateway listens for clients (--urls, Kestrel:Endpoints, or the default); write another port, such as 'http://127.0.0.1:9090'.");
        }
        else if (management.Page && !Loopback.Is(address.Host))
        {
            context.Warn("management-exposed", key, $"The page shows subjects and refusals to whoever reaches '{management.Url}'; listen on loopback, or see to it that operators alone can reach it.");
        }
    }

    /// <summary>A Host header's name, without its port: whatever else is written would never be equal to one.</summary>
    public static void ManagementHostsAreNames(RuleContext context)
    {
        for (var i = 0; i < (context.Options.Management?.AllowedHosts.Count ?? 0); i++)
        {
            var host = context.Options.Management!.AllowedHosts[i];
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            {
                context.Error("management-hosts", $"Gateway:Management:AllowedHosts:{i}", $"{ConfiguredUrl.Show(host)} is not a host's name; write one such as 'gateway-metrics.mcp.svc', without scheme, port and wildcard.");
            }
        }
    }

    public static void TrustedProxiesAreRanges(RuleContext context)
    {
        Check(context, "trusted-proxies", "Gateway:TrustedProxies", context.Options.TrustedProxies, (key, every) =>
            context.Warn("trusted-proxies", key, $"{every}, so that any client can name another address in the audit; write the proxies' own range."));
    }

    public static void ClientCertificatesComeFromProxies(RuleContext context)
    {
        Check(context, "client-cert-proxies", "Gateway:ClientCertProxies", context.Options.ClientCertProxies, (key, every) =>
            context.Error("client-cert-proxies", key, $"{every}, so that any client can claim any certificate; write the proxies' own range."));
    }

    private static void Check(RuleContext context, string rule, string list, List<string> values, Action<string, string> isEveryAddress)
    {
        var ranges = new List<IPNetwork>();
        for (var i = 0; i < values.Count; i++)
        {
            var (key, value) = ($"{list}:{i}", values[i]);
            // The framework's parser drops bits beyond the length, which somebody meant as something.
            if (!IPNetwork.TryParse(value, out var network) || !IPAddress.TryParse(value.AsSpan(0, value.IndexOf('/', StringComparison.Ordinal)), out var written) || !written.Equals(network.BaseAddress))
            {
                context.Error(rule, key, $"{ConfiguredUrl.Show(value)} is not a CIDR range; write one such as '10.0.0.0/8' or '192.0.2.7/32', with no bits beyond its length.");
            }
            else
            {
                ranges.Add(network);
                if (AddressRanges.HoldEveryAddress(ranges))
                {
                    isEveryAddress(key, $"{(ranges.Count > 1 && !AddressRanges.HoldEveryAddress([network]) ? $"With those before it, '{value}'" : $"'{value}'")} is every address");
                    ranges.Clear();
                }
            }
        }
    }

    /// <summary>An address to listen on; null for what Kestrel would not take when it starts, or would read as another address.</summary>
    internal static BindingAddress? AddressOf(string? url)
    {
        try
        {
            return url is not null && (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
                && BindingAddress.Parse(url) is var address && CanBeListenedOn(address) ? address : null;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            // The parser's own answers, the second to a socket without its path.
            return null;
        }
    }

    private static bool CanBeListenedOn(BindingAddress address)
    {
        if (address.PathBase.Length > 0 || (address.IsNamedPipe && !OperatingSystem.IsWindows()))
        {
            return false;
        }

        if (address.IsUnixPipe)
        {
            return System.Text.Encoding.UTF8.GetByteCount(address.UnixPipePath) <= UnixDestination.MaxSocket && !address.UnixPipePath.Contains('\0', StringComparison.Ordinal);
        }

        // What is left of a port that is no number stands in the host, and any name but localhost means every interface, at port 80.
        return address.Port is >= 0 and <= IPEndPoint.MaxPort
            && (!address.Host.Contains(':', StringComparison.Ordinal) || IPAddress.TryParse(address.Host, out _))
            && (address.Port > 0 || !address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase));
    }
}
