using System.Runtime.InteropServices;
using Demo;

var (options, mistake) = DemoOptions.Parse(args);
if (mistake is not null || options.Help)
{
    var output = mistake is null ? Console.Out : Console.Error;
    await output.WriteLineAsync(mistake is null ? DemoOptions.Usage : $"{mistake}{Environment.NewLine}{Environment.NewLine}{DemoOptions.Usage}");
    return mistake is null ? 0 : 2;
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
