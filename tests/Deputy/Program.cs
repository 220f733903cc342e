using Deputy.Commands;

return await Command.RunAsync(args, Console.Out, Console.Error);
