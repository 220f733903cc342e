namespace Gateway.Benchmarks.Peers;

/// <summary>HAProxy that verifies the RS256 signature of every token, and nothing else of it.</summary>
internal static class Haproxy
{
    public static Task<PeerProcess?> StartAsync(TestBed bed) => bed.StartInstalledAsync("HAProxy, JWT verified", "haproxy", port =>
    {
        var file = bed.PathOf("haproxy.cfg");
        File.WriteAllText(file, $$"""
            global
              nbthread 2
            defaults
              mode http
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            frontend in
              bind 127.0.0.1:{{port}}
              http-request set-var(txn.bearer) http_auth_bearer
              http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify("RS256","{{bed.PathOf("public.pem")}}") 1 }
              http-request set-path /mcp
              default_backend mcp
            backend mcp
              server one 127.0.0.1:{{bed.Backend.Port}}

            """);
        return ["-f", file];
    });
}
