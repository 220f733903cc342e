using Gateway.Commands;

return await new CommandLine(Console.Out, Console.Error) { OwnsProcess = true }.RunAsync(args);
