using Demo.AuthorizationServer;

namespace Demo;

/// <summary>How the demo runs.</summary>
internal sealed record DemoOptions
{
    public const string Usage = """
        Starts the gateway, a development authorization server and MCP servers on loopback, and walks
        through calls that are allowed and calls that are refused. Then stays up until Ctrl+C, and shows
        every call that arrives with the claims of both hops.

        usage: dotnet run --project samples/Demo [-- options]

          --server URL   put your own MCP server behind the gateway instead, and print a token for it
          --once         walk, then stop: exit code 0 when every step came out as promised, 1 otherwise
          --verbose      show the gateway's log on standard error
          --help         show this
        """;

    /// <summary>Whether to stop after the walk.</summary>
    public bool Once { get; init; }

    /// <summary>Whether the gateway's log is shown.</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether only the usage is wanted.</summary>
    public bool Help { get; init; }

    /// <summary>The URL of the user's own MCP server, or null.</summary>
    public string? Server { get; init; }

    /// <summary>Overrides of the gateway's configuration, as on its command line.</summary>
    public IReadOnlyList<string> GatewayArguments { get; init; } = [];

    /// <summary>Those of the second replica; null: the same.</summary>
    public IReadOnlyList<string>? SecondGatewayArguments { get; init; }

    /// <summary>How well the authorization server does its work.</summary>
    public AuthorizationServerBehaviour AuthorizationServer { get; init; } = AuthorizationServerBehaviour.AsTheWalkExpects;

    /// <summary>The options, and what is wrong with the arguments, or null.</summary>
    public static (DemoOptions Options, string? Mistake) Parse(IReadOnlyList<string> arguments)
    {
        var options = new DemoOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--once":
                    options = options with { Once = true };
                    break;
                case "--verbose":
                    options = options with { Verbose = true };
                    break;
                case "--help" or "-h":
                    options = options with { Help = true };
                    break;
                case "--server" when i + 1 < arguments.Count:
                    options = options with { Server = arguments[++i] };
                    break;
                case "--server":
                    return (options, "--server needs the URL of an MCP server.");
                case var inline when inline.StartsWith("--server=", StringComparison.Ordinal):
                    options = options with { Server = inline["--server=".Length..] };
                    break;
                default:
                    return (options, $"Unknown option '{arguments[i]}'.");
            }
        }

        return (options, options.Server is { } url && !IsServer(url) ? $"'{url}' is not the URL of an MCP server: http:// or https://, without user info, query and fragment." : null);
    }

    private static bool IsServer(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { Host.Length: > 0, UserInfo: "", Query: "", Fragment: "" };
}
