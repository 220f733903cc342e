using System.Runtime.InteropServices;
using Demo;

var (options, unknown) = DemoOptions.Parse(args);
if (unknown is not null || options.Help)
{
    var output = unknown is null ? Console.Out : Console.Error;
    await output.WriteLineAsync(unknown is null ? DemoOptions.Usage : $"Unknown option '{unknown}'.{Environment.NewLine}{Environment.NewLine}{DemoOptions.Usage}");
    return unknown is null ? 0 : 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await DemoRun.RunAsync(options, Terminal.OfConsole(), TimeProvider.System, stop.Token);
