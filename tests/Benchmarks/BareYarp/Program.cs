using System.Globalization;
using Gateway.Benchmarks.BareYarp;

// bareyarp URL BACKEND SERVERS
await BareProxy.Create(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture)).RunAsync();
