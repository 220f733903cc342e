using System.Globalization;
using Gateway.Benchmarks.BareYarp;

// bareyarp URL BACKEND SERVERS [http2]
await BareProxy.Create(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture), http2: args.Length > 3).RunAsync();
