using System.Collections.Frozen;
using Gateway.Configuration.Options;
using Gateway.Generations;
using Gateway.Http;

namespace Gateway.Configuration.Rules;

/// <summary>Headers and origins that somebody lists: <c>forward-headers</c>, <c>credential-header</c>, <c>identity-headers</c>, <c>allowed-origin</c>.</summary>
internal static class HeaderRules
{
    private static readonly FrozenSet<string> Framing = Names("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "HTTP2-Settings", "Content-Length", "Host", "Expect", "Max-Forwards", "Via");

    private static readonly FrozenSet<string> Identity = Names("Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Original-URL",
        "X-Original-Host", "X-Rewrite-URL", "X-Host", "X-HTTP-Method-Override", "X-Remote-User", "Remote-User", "X-User", "X-WebAuth-User", "Client-Cert",
        "Client-Cert-Chain", "X-Client-Cert", "X-SSL-Client-Cert", "DPoP", "Signature", "Signature-Input", "X-Request-Id", "X-Serverless-Authorization");

    /// <summary>What HTTP has for answers alone; somebody between might drop it.</summary>
    private static readonly FrozenSet<string> Answers = Names("Set-Cookie", "Set-Cookie2", "WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Location", "Server", "ETag", "Age", "Vary", "Retry-After", "Date");

    /// <summary>What names of headers that carry credentials hold; products invent new ones all the time.</summary>
    private static readonly string[] Credentials = ["authorization", "authenticat", "cookie", "token", "api-key", "apikey", "secret", "password", "credential", "assertion", "jwt", "x-forwarded-", "x-auth-request-", "x-goog-iap", "x-ms-client-principal", "x-amzn-oidc"];

    public static void ForwardedHeadersAreNoCredentials(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Options.ForwardHeaders.Count; i++)
            {
                var name = server.Options.ForwardHeaders[i];
                var problem = !IsFieldName(name) ? "is not the name of a header; patterns are not read here"
                    : name.Equals("Mcp-Session-Id", StringComparison.OrdinalIgnoreCase) ? "is the session's, which the gateway binds to the caller"
                    : Framing.Contains(name) ? "belongs to one connection, not to the request"
                    : Identity.Contains(name) || Credentials.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)) ? "names a credential or somebody's identity, and the MCP server gets the hop token alone"
                    : null;
                if (problem is not null)
                {
                    context.Error("forward-headers", RuleContext.KeyOf(server, $"ForwardHeaders:{i}"), $"The header {ConfiguredUrl.Show(name)} {problem}; remove it.");
                }
            }
        }
    }

    public static void CredentialHeaderCanBeSent(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Outbound.Mode == OutboundMode.Credential))
        {
            if (server.Outbound.Header is { } name && CredentialHeaderProblem(name, server.Options.ForwardHeaders) is { } problem)
            {
                context.Error("credential-header", RuleContext.KeyOf(server, "Outbound:Header"), $"The header {ConfiguredUrl.Show(name)} cannot carry a credential: it {problem}; write one such as 'Authorization' or 'X-Api-Key'.");
            }

            if (server.Outbound.Prefix?.Any(character => character is < ' ' or > '~') == true)
            {
                context.Error("credential-header", RuleContext.KeyOf(server, "Outbound:Prefix"), "Prefix holds a character that no header may hold; write printable ASCII such as 'Bearer '.");
            }
        }
    }

    private static string? CredentialHeaderProblem(string name, List<string> forwarded)
    {
        if (!IsFieldName(name))
        {
            return "is no header's name";
        }

        if (Framing.Contains(name) || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
        {
            return "belongs to the connection";
        }

        if (RelayedHeaders.IsOfClient(name) || forwarded.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return "is passed on from the client, who could set it too";
        }

        using var request = new HttpRequestMessage();
        return !Answers.Contains(name) && request.Headers.TryAddWithoutValidation(name, "x") ? null : "belongs to bodies or to answers, so that HTTP forbids it there";
    }

    /// <summary>A header that the server believes must be one that nobody but the gateway sets, in any spelling that a server could take for it.</summary>
    public static void IdentityHeadersAreTheGateways(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var names = server.Options.IdentityHeaders.Select(entry => entry.Header ?? "").ToList();
            for (var i = 0; i < names.Count; i++)
            {
                if (names[i].Length > 0 && IdentityHeaderProblem(names[i], names.Take(i), server) is { } problem)
                {
                    context.Error("identity-headers", RuleContext.KeyOf(server, $"IdentityHeaders:{i}:Header"), $"The header {ConfiguredUrl.Show(names[i])} cannot tell who asks: it {problem}; write one such as 'X-Forwarded-User'.");
                }
            }
        }
    }

    private static string? IdentityHeaderProblem(string name, IEnumerable<string> before, ServerTopology server)
    {
        if (!IsFieldName(name))
        {
            return "is no header's name";
        }

        if (Framing.Contains(name) || name.Equals("X-Request-Id", StringComparison.OrdinalIgnoreCase) || name.Equals("X-Forwarded-Host", StringComparison.OrdinalIgnoreCase) || name.Equals("X-Forwarded-Proto", StringComparison.OrdinalIgnoreCase))
        {
            return "belongs to the connection or says where a request was sent";
        }

        if (RelayedHeaders.IsOfClient(name) || server.Options.ForwardHeaders.Any(forwarded => Folded(forwarded) == Folded(name)))
        {
            return "is passed on from the client, who could set it too";
        }

        if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("DPoP", StringComparison.OrdinalIgnoreCase)
            || (server.Outbound is { Mode: OutboundMode.Credential } outbound && Folded(outbound.Header ?? "Authorization") == Folded(name)))
        {
            return "carries the credential";
        }

        using var request = new HttpRequestMessage();
        return before.Any(other => Folded(other) == Folded(name)) ? "is told twice"
            : Answers.Contains(name) || !request.Headers.TryAddWithoutValidation(name, "x") ? "belongs to bodies or to answers, so that HTTP forbids it there"
            : null;
    }

    /// <summary>As CGI, WSGI and their kind read names: without a difference between cases, nor between '-' and '_'.</summary>
    private static string Folded(string name) => name.Replace('_', '-').ToUpperInvariant();

    public static void OriginsAreOrigins(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Options.AllowedOrigins.Count; i++)
            {
                var value = server.Options.AllowedOrigins[i];
                if (!IsOrigin(value))
                {
                    context.Error("allowed-origin", RuleContext.KeyOf(server, $"AllowedOrigins:{i}"), $"{ConfiguredUrl.Show(value)} is not an origin; write scheme, host and port as browsers send them, such as 'https://app.example.com' or 'vscode-webview://…', without a path and without '*'; 'null' is nobody's.");
                }
            }
        }
    }

    /// <summary>Scheme and host, and a port; of extensions and desktop apps, too, whose schemes are their own (RFC 6454 §6.2).</summary>
    private static bool IsOrigin(string value)
    {
        if (ConfiguredUrl.TryParse(value, out var url))
        {
            return CanonicalUri.Of(value) == CanonicalUri.Of(url.GetLeftPart(UriPartial.Authority)) && !ConfiguredUrl.HasUserInfo(url) && !value.Contains('*', StringComparison.Ordinal);
        }

        var separator = value.IndexOf("://", StringComparison.Ordinal);
        return separator > 0
            && value[..separator] is var scheme && char.IsAsciiLetter(scheme[0]) && scheme.All(character => char.IsAsciiLetterOrDigit(character) || character is '+' or '-' or '.')
            && !scheme.Equals("http", StringComparison.OrdinalIgnoreCase) && !scheme.Equals("https", StringComparison.OrdinalIgnoreCase)
            && value[(separator + 3)..] is { Length: > 0 } host
            && host.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or ':' or '[' or ']');
    }

    /// <summary>RFC 9110 §5.1.</summary>
    private static bool IsFieldName(string name) =>
        name.Length > 0 && name.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'+-.^_`|~".Contains(character, StringComparison.Ordinal));

    private static FrozenSet<string> Names(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
