namespace Gateway.Benchmarks.Peers;

/// <summary>nginx as a plain reverse proxy: checks nothing.</summary>
internal static class Nginx
{
    public static Task<PeerProcess?> StartAsync(TestBed bed) => bed.StartInstalledAsync("nginx", "nginx", port =>
    {
        var file = bed.PathOf("nginx.conf");
        File.WriteAllText(file, $$"""
            daemon off; master_process on; worker_processes 2; pid {{bed.PathOf("nginx.pid")}}; error_log stderr crit;
            events { worker_connections 1024; }
            http {
              access_log off; client_body_temp_path {{bed.PathOf("body")}}; proxy_temp_path {{bed.PathOf("proxy")}};
              upstream backend { server 127.0.0.1:{{bed.Backend.Port}}; keepalive 64; }
              server {
                listen 127.0.0.1:{{port}}; keepalive_requests 1000000;
                location /weather { proxy_pass http://backend/mcp; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            }
            """);
        return ["-c", file, "-p", Path.GetDirectoryName(file)!];
    });
}
