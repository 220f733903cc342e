using System.Text;
using BenchmarkDotNet.Attributes;
using Gateway.Authorize;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does it cost to read the operation out of a body, by its size?</summary>
[MemoryDiagnoser]
public class OperationBenchmarks
{
    private byte[] body = [];

    [Params(200, 4096, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        const string Frame = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"%"}}}""";
        body = Encoding.UTF8.GetBytes(Frame.Replace("%", new string('x', Size - Frame.Length), StringComparison.Ordinal));
    }

    [Benchmark]
    public bool Read() => OperationReader.Read(body, out _, out _) is { Method: "tools/call", Name: "echo" };
}
