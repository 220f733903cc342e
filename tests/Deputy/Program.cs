using Deputy.Commands;
using Deputy.Staging;

using var signals = Leftovers.OnSignals();
return await Command.RunAsync(args, Console.Out, Console.Error);
