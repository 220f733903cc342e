using BenchmarkDotNet.Running;
using Gateway.Benchmarks;

// `smoke` runs every benchmark once and checks what it returns; anything else goes to BenchmarkDotNet (--filter, --list).
return args is ["smoke"] ? await Smoke.RunAsync() : BenchmarkSwitcher.FromAssembly(typeof(Smoke).Assembly).Run(args).Any() ? 0 : 1;
