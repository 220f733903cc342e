using Gateway.Benchmarks.BareYarp;

// bareyarp URL BACKEND
await BareProxy.Create(args[0], args[1]).RunAsync();
