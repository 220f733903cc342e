using BenchmarkDotNet.Running;
using Gateway.Benchmarks;
using Gateway.Benchmarks.Compare;
using Gateway.Benchmarks.Peers;
using Gateway.Benchmarks.Profile;
using Gateway.Benchmarks.Soak;
using Gateway.Benchmarks.Stages;

// `smoke` runs every benchmark once and checks what it returns; `compare` puts the gateway beside bare YARP, nginx and
// HAProxy under load; `profile` says where the time of a warm request goes; `regressions` holds allocations to their
// bounds, `allocations` counts those of a whole request (`allocations types`: by type); `slow-authorization-server` asks what warm calls
// feel of cold ones that hang; `soak` looks for lost calls and for growth while everything happens that happens to a gateway;
// anything else goes to BenchmarkDotNet (--filter, --list).
if (args is ["compare" or "profile" or "soak", ..] && !TestBed.IsInstalled("wrk"))
{
    Console.Error.WriteLine("wrk is needed: apt-get install wrk (and nginx, haproxy and linux-perf for all that there is to see).");
    return 2;
}

switch (args)
{
    case ["smoke"]:
        return await Smoke.RunAsync();
    case ["compare", .. var options]:
        return await Comparison.RunAsync(Options.Parse(options));
    case ["profile", .. var options]:
        return await Profiler.RunAsync(Options.Parse(options));
    case ["slow-authorization-server", .. var options]:
        return await SlowAuthorizationServer.RunAsync(Options.Parse(options));
    case ["soak", .. var options]:
        return await SoakRun.RunAsync(Options.Parse(options));
    case ["allocations"]:
        return await Allocations.RunAsync();
    case ["allocations", "types"]:
        return await Allocations.RunAsync(byType: true);
    case ["regressions"]:
        return await Regressions.RunAsync();
    case ["serve-backend", var url, var jwks, .. var key]:
        await Backend.Create(url, jwks, key.FirstOrDefault()).RunAsync();
        return 0;
    default:
        return BenchmarkSwitcher.FromAssembly(typeof(Smoke).Assembly).Run(args).Any() ? 0 : 1;
}
