using Gateway.Commands;

// Completing socket operations on the thread that was told of them saves a hop per operation (docs/performance.md). Read
// once, when the first socket is made; whoever sets the variable decides instead.
const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
Environment.SetEnvironmentVariable(InlineCompletions, Environment.GetEnvironmentVariable(InlineCompletions) ?? "1");

return await new CommandLine(Console.Out, Console.Error).RunAsync(args);
