using System.Net;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What do nearly all requests cost: the same token at the same server, beside proxies that check less or nothing?</summary>
internal sealed class Warm : IScenario
{
    /// <summary>Far fewer bytes than the lines of all calls are.</summary>
    private const int Many = 1_000_000;

    public string Name => "warm";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Rs256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartYarpAsync();
        var gateway = await bed.StartGatewayAsync();
        var besides = await bed.StartBesidesAsync(comparison.Options.Environments);
        var (auditFile, fileOfAll) = (bed.PathOf("audit.log"), bed.PathOf("all.log"));
        var audited = await bed.StartGatewayAsync("gateway, audit to file", options => options with { AuditFile = auditFile });
        var all = await bed.StartGatewayAsync("gateway, audit to file, metrics and page", options => options with { AuditFile = fileOfAll, ManagementUrl = $"http://127.0.0.1:{PeerProcess.FreePort()}" });
        var jwt = await bed.StartJwtYarpAsync();
        var haproxy = await Haproxy.StartAsync(bed);
        PeerProcess[] contenders = [yarp, gateway, .. besides, audited, all, jwt, .. haproxy is null ? (PeerProcess[])[] : [haproxy], .. await Nginx.StartAsync(bed) is { } nginx ? (PeerProcess[])[nginx] : []];

        await new Probe(token).AnswersAsync(contenders);
        foreach (var peer in contenders.Where(peer => peer.Name is not ("bare YARP" or "nginx")))
        {
            await new Probe(null).IsRefusedAsync(peer, HttpStatusCode.Unauthorized, "a call without a token");
        }

        var cpu = await comparison.MeasureAsync($"warm: one token, small JSON calls, {Wrk.Connections} connections", contenders, script);
        Probe.Require(new FileInfo(auditFile).Length > Many, audited, "writes audit lines");
        Probe.Require(new FileInfo(fileOfAll).Length > Many, all, "writes audit lines");
        comparison.Goal("warm, audit off: CPU per request, of bare YARP's", cpu[gateway] / cpu[yarp], 0.80);
        comparison.Goal("warm, audit off: CPU per request, of YARP's with JwtBearer", cpu[gateway] / cpu[jwt], 0.6);
        if (besides.Find(peer => peer.Name == TestBed.BaselineName) is { } baseline)
        {
            comparison.Goal("warm, audit off: CPU per request, of the baseline's", cpu[gateway] / cpu[baseline], 1.03);
        }

        if (haproxy is not null)
        {
            comparison.Goal("warm, audit off: CPU per request, of HAProxy's with JWT verification", cpu[gateway] / cpu[haproxy], 0.85);
        }

        comparison.Goal("warm, audit to file: CPU per request, of bare YARP's", cpu[audited] / cpu[yarp], 0.95);
        comparison.Goal("   the same, metrics and page on as well", cpu[all] / cpu[yarp], 1.10);
        var (bare, whole) = await Allocations.MeasureAsync();
        comparison.Goal("warm: bytes allocated per request, more than bare YARP", whole - bare, 1024, "B");
    }
}
