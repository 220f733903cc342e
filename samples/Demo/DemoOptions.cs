using Demo.AuthorizationServer;

namespace Demo;

/// <summary>How the demo runs.</summary>
internal sealed record DemoOptions
{
    public const string Usage = """
        Starts the gateway, a development authorization server and MCP servers on loopback, and walks
        through calls that are allowed and calls that are refused. Then stays up until Ctrl+C.

        usage: dotnet run --project samples/Demo [-- options]

          --once      walk, then stop: exit code 0 when every step came out as promised, 1 otherwise
          --verbose   show the gateway's log on standard error
          --help      show this
        """;

    /// <summary>Whether to stop after the walk.</summary>
    public bool Once { get; init; }

    /// <summary>Whether the gateway's log is shown.</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether only the usage is wanted.</summary>
    public bool Help { get; init; }

    /// <summary>Overrides of the gateway's configuration, as on its command line.</summary>
    public IReadOnlyList<string> GatewayArguments { get; init; } = [];

    /// <summary>How well the authorization server does its work.</summary>
    public AuthorizationServerBehaviour AuthorizationServer { get; init; } = AuthorizationServerBehaviour.AsTheWalkExpects;

    /// <summary>The options, or the argument that is none.</summary>
    public static (DemoOptions Options, string? Unknown) Parse(IReadOnlyList<string> arguments)
    {
        string[] known = ["--once", "--verbose", "--help", "-h"];
        var options = new DemoOptions
        {
            Once = arguments.Contains("--once"),
            Verbose = arguments.Contains("--verbose"),
            Help = arguments.Contains("--help") || arguments.Contains("-h"),
        };
        return (options, arguments.FirstOrDefault(argument => !known.Contains(argument)));
    }
}
