namespace Gateway.Configuration.Rules;

/// <summary><c>tls</c>: TLS towards an MCP server that says something, and that something of it is asked over TLS.</summary>
internal static class TlsRules
{
    public static void TlsSaysSomething(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Options.Tls is not { } tls)
            {
                continue;
            }

            var key = RuleContext.KeyOf(server, "Tls");
            if (tls is { CaFile: null, CertificateFile: null, KeyFile: null })
            {
                context.Error("tls", key, "Tls says nothing; write CaFile, or CertificateFile and KeyFile, or remove it.");
            }

            if (tls.CertificateFile is null != tls.KeyFile is null)
            {
                context.Error("tls", key, "CertificateFile and KeyFile belong together; write both or neither.");
            }

            if (!server.Destinations.IsEmpty && !server.Destinations.Any(destination => destination.StartsWith("https:", StringComparison.OrdinalIgnoreCase)))
            {
                context.Error("tls", key, "No destination is https, so that Tls has no effect; remove it, or write https destinations.");
            }
        }
    }
}
