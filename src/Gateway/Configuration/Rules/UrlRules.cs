using TokenExchange.Issuers;

namespace Gateway.Configuration.Rules;

/// <summary>The URLs of the gateway itself and of authorization servers: <c>public-url</c>, <c>issuer-url</c>, <c>insecure-url</c>.</summary>
internal static class UrlRules
{
    /// <summary>Every resource identifier is built from the public URL, so that it must be exactly an origin.</summary>
    public static void PublicUrlIsAnOrigin(RuleContext context)
    {
        const string key = "Gateway:PublicUrl";
        var value = context.Options.PublicUrl;
        var problem = value is null ? "is missing"
            : !ConfiguredUrl.TryParse(value, out var url) ? "is not an absolute URL in ASCII" + ConfiguredUrl.InAscii(value)
            : ConfiguredUrl.HasUserInfo(url) ? "holds a user or password"
            : value.AsSpan().IndexOfAny('?', '#') >= 0 ? "has a query or fragment"
            : url.AbsolutePath != "/" ? "has a path, which belongs to Path of a server"
            : ConfiguredUrl.IsInsecure(url) ? "is not https"
            : null;
        if (problem is not null)
        {
            context.Error("public-url", key, $"{Subject("PublicUrl", value)} {problem}; write the https origin that clients use, such as 'https://mcp.example.com' (http is for loopback alone).");
            context.Doubt(key);
        }
    }

    /// <summary>
    /// Http is for this machine alone, where nothing but the gateway itself would take what is sent to PublicUrl, unless somebody forwards
    /// there: clients would be sent to an address where nobody is.
    /// </summary>
    public static void PublicUrlIsListenedTo(RuleContext context)
    {
        var listening = context.Listening.Select(HostRules.AddressOf).ToArray();
        if (!context.IsDoubtful("Gateway:PublicUrl") && ConfiguredUrl.TryParse(context.Options.PublicUrl, out var url) && url.Scheme == Uri.UriSchemeHttp
            && listening.All(address => address is { IsUnixPipe: false, Port: > 0 } && Loopback.Is(address.Host) && address.Port != url.Port))
        {
            context.Warn("public-url", "Gateway:PublicUrl", $"PublicUrl is {ConfiguredUrl.Show(context.Options.PublicUrl)}, and the gateway listens on {string.Join(", ", context.Listening.Select(address => ConfiguredUrl.Show(address)))}: unless something on this machine forwards there, clients are sent where nobody listens; write one port for both.");
        }
    }

    public static void IssuersAreHttps(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check("Issuer", server.Issuer);
            if (server.SecurityEvents?.Issuer is { } sender)
            {
                Check("SecurityEvents:Issuer", sender);
            }

            void Check(string member, string? value)
            {
                if (MetadataOf(value) is { } meant)
                {
                    context.Error("issuer-url", RuleContext.KeyOf(name, member), $"{Subject("Issuer", value)} is an address of metadata; write the issuer that stands in it, such as {ConfiguredUrl.Show(meant)}, under which the gateway finds the rest.");
                }
                else if (IssuerProblem(value, server.AllowHttp) is { } problem)
                {
                    context.Error("issuer-url", RuleContext.KeyOf(name, member), $"{Subject("Issuer", value)} {problem}; write the exact value of the iss claim, an https URL without query and fragment.");
                }
            }
        }
    }

    /// <summary>The local issuer publishes its keys under its own address, which has to be ours.</summary>
    public static void LocalIssuerIsUnderThePublicUrl(RuleContext context)
    {
        if (context.Options.LocalIssuer is not { } local)
        {
            return;
        }

        var origin = CanonicalUri.Of(context.Options.PublicUrl).TrimEnd('/');
        var problem = IssuerProblem(local.Issuer, allowHttp: false)
            ?? (context.IsDoubtful("Gateway:PublicUrl") ? null
                : PathRules.LocalIssuerPath(context.Options) is { } path ? PathRules.LocalIssuerProblem(path)
                : $"is not a path under {ConfiguredUrl.Show(origin)}")
            ?? (MetadataOf(local.Issuer) is not null ? "is an address of metadata" : null);
        if (problem is not null)
        {
            context.Error("issuer-url", "Gateway:LocalIssuer:Issuer", $"{Subject("Issuer", local.Issuer)} {problem}; write PublicUrl and a path of its own, such as '{origin}/hop'.");
        }
    }

    public static void EndpointsAreHttps(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check("MetadataUrl", server.MetadataUrl);
            Check("JwksUrl", server.JwksUrl);
            Check("TokenEndpoint", server.TokenEndpoint);
            Check("Introspection:Endpoint", server.Introspection?.Endpoint);
            Check("SecurityEvents:JwksUrl", server.SecurityEvents?.JwksUrl);

            void Check(string member, string? value)
            {
                if (value is not null && ConfiguredUrl.EndpointProblem(value, server.AllowHttp, "keys and credentials could be read or replaced") is { } problem)
                {
                    context.Error("insecure-url", RuleContext.KeyOf(name, member), $"{Subject(member, value)} {problem}; write an https URL (http is for loopback, or with AllowHttp).");
                }
            }
        }
    }

    private static string? IssuerProblem(string? value, bool allowHttp) =>
        value is null ? "is missing"
        : !ConfiguredUrl.TryParse(value, out var url) ? "is not an absolute URL"
        : ConfiguredUrl.HasUserInfo(url) ? "holds a user or password"
        : value.AsSpan().IndexOfAny('?', '#') >= 0 ? "has a query or fragment (RFC 8414 §2)"
        : ConfiguredUrl.IsInsecure(url) && !allowHttp ? "is not https"
        : null;

    /// <summary>The issuer of which a URL is where its metadata is (RFC 8414 §3, OpenID Discovery §4); null for any other URL.</summary>
    private static string? MetadataOf(string? value)
    {
        const string wellKnown = "/.well-known/";
        if (value?.IndexOf(wellKnown, StringComparison.Ordinal) is not (>= 0 and var start))
        {
            return null;
        }

        var after = value.IndexOf('/', start + wellKnown.Length);
        return value[..start] + (after < 0 ? "" : value[after..]);
    }

    private static string Subject(string member, string? value) => value is null ? member : $"{member} {ConfiguredUrl.Show(value)}";
}
