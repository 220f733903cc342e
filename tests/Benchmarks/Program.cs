using BenchmarkDotNet.Running;
using Gateway.Benchmarks;
using Gateway.Benchmarks.Compare;

// `smoke` runs every benchmark once and checks what it returns; `compare` puts the gateway beside bare YARP, nginx and
// HAProxy under load; `allocations` counts bytes per request; anything else goes to BenchmarkDotNet (--filter, --list).
switch (args)
{
    case ["smoke"]:
        return await Smoke.RunAsync();
    case ["compare", .. var options]:
        return await Comparison.RunAsync(options);
    case ["allocations"]:
        return await Allocations.RunAsync();
    case ["serve-backend", var url, var jwks]:
        await Peers.Backend(url, jwks).RunAsync();
        return 0;
    case ["serve-yarp", var url, var backend]:
        await Peers.Yarp(url, backend).RunAsync();
        return 0;
    default:
        return BenchmarkSwitcher.FromAssembly(typeof(Smoke).Assembly).Run(args).Any() ? 0 : 1;
}
