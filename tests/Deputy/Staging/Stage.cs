using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Staging;

/// <summary>A running target and all the peers that its templates name, each on a free port of loopback.</summary>
internal sealed partial class Stage : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, int> HandedOut = new();
    private readonly ConcurrentDictionary<string, AuthorizationServer> issuers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, McpServer> servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> ports = [];
    private readonly DirectoryInfo directory = System.IO.Directory.CreateTempSubdirectory("deputy-");
    private readonly Lock gate = new();
    private TargetProcess? process;

    public Stage(Target target, string repository, TimeProvider clock)
    {
        (Target, Repository, Clock) = (target, repository, clock);
        Leftovers.Add(directory);
        Canary = new Canary();
        ports[""] = FreePort();
    }

    public Target Target { get; }

    public TimeProvider Clock { get; }

    public string Repository { get; }

    /// <summary>The port that clients of the gateway use.</summary>
    public int Port => ports[""];

    /// <summary>A listener that nobody has a reason to call.</summary>
    public Canary Canary { get; }

    /// <summary>The policy decision point.</summary>
    public PolicyPoint Policy { get; } = new();

    public IReadOnlyCollection<McpServer> Servers => [.. servers.Values];

    /// <summary>Everything that the target wrote.</summary>
    public string Output => process?.Output ?? "";

    /// <summary>The identifier of a server as clients know it.</summary>
    public static string Resource(string server) => $"https://{Call.PublicHost}/{server}";

    /// <summary>The identifier of the MCP server behind, for which hop tokens are made.</summary>
    public static string Inner(string server) => $"https://{server}.internal/mcp";

    /// <summary>The issuer whose tokens a server takes.</summary>
    public static string IssuerOf(string server) => server is "partner" or "fragile" or "rotating" or "brief" or "watched" or "fronted" ? server : "corp";

    public AuthorizationServer Issuer(string name) => issuers.GetOrAdd(name, _ => new AuthorizationServer(name, Key.Create("ES256", name + "-1"), Clock));

    public McpServer Mcp(string name) => servers.GetOrAdd(name, _ => new McpServer(name));

    /// <summary>The requests with this marker, at whichever MCP server.</summary>
    public IReadOnlyList<(string Server, ReceivedRequest Request)> Saw(string marker) =>
        [.. servers.Values.SelectMany(server => server.Of(marker).Select(request => (server.Name, request)))];

    /// <summary>The exchanges asked for tokens with this marker, at whichever authorization server.</summary>
    public IReadOnlyList<ReceivedRequest> Asked(string marker) => [.. issuers.Values.SelectMany(issuer => issuer.Of(marker))];

    /// <summary>Writes the templates, starts the target and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        foreach (var (name, template) in Target.Files)
        {
            var path = Path.Combine(directory.FullName, name);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, Fill(await File.ReadAllTextAsync(Path.Combine(Target.Directory, template)), $"'files:{name}' ({template})"));
            if (!OperatingSystem.IsWindows())
            {
                // What holds a secret is for its owner alone; gateways check that.
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        await LaunchAsync();
    }

    /// <summary>Starts the target again when it is gone; whether it was.</summary>
    public async Task<bool> ReviveAsync()
    {
        if (process is { HasExited: false })
        {
            return false;
        }

        process?.Dispose();
        process = null;
        await LaunchAsync();
        return true;
    }

    /// <summary>Replaces the placeholders of a template.</summary>
    /// <remarks><c>$${x}</c> stands for <c>${x}</c> itself, which many gateways read.</remarks>
    public string Fill(string template) => Placeholder().Replace(template, match => match.Groups[1].Length > 0 ? match.Value[1..] : Value(match.Groups[2].Value, match.Groups[4].Value));

    public async ValueTask DisposeAsync()
    {
        process?.Dispose();
        await Canary.DisposeAsync();
        await Policy.DisposeAsync();
        foreach (var server in servers.Values)
        {
            await server.DisposeAsync();
        }

        foreach (var issuer in issuers.Values)
        {
            await issuer.DisposeAsync();
        }

        Leftovers.Remove(directory);
    }

    /// <summary>
    /// A port that nobody listens at, handed out once: below those that the system gives to whoever asks for any, since it is the target's
    /// only later, and what listened there meanwhile would be judged in its place.
    /// </summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            if (!HandedOut.TryAdd(port, port))
            {
                continue;
            }

            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody is there.
            }
        }
    }

    private async Task LaunchAsync()
    {
        var ready = Uri.TryCreate(Fill(Target.Ready, "'ready'"), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new FormatException($"{Target.Path}: 'ready' is '{Target.Ready}', which is no http or https URL.");
        process = Started(
            [.. Target.Start.Select(command => command.Select(word => Fill(word, "'start'")).ToArray())],
            Target.Environment.ToDictionary(pair => pair.Key, pair => Fill(pair.Value, $"'environment:{pair.Key}'")));
        await process.ReadyAsync(ready);
    }

    /// <summary>The same for one place of the target's description, which a mistake names.</summary>
    public string Fill(string template, string place)
    {
        try
        {
            return Fill(template);
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"{Target.Path}: {place}: {wrong.Message}", wrong);
        }
    }

    private TargetProcess Started(IReadOnlyList<string[]> commands, IReadOnlyDictionary<string, string> environment)
    {
        try
        {
            return TargetProcess.Start(commands, environment, directory.FullName);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"{Target.Path}: 'start': {exception.Message}", exception);
        }
    }

    private string Value(string name, string argument) => Placeholders.Wrong(name, argument) is { } wrong ? throw new FormatException(wrong) : name switch
    {
        "port" => PortOf(argument).ToString(CultureInfo.InvariantCulture),
        "directory" => directory.FullName,
        "repository" => Repository,
        "target" => Target.Directory,
        "kit" => AppContext.BaseDirectory.TrimEnd('/'),
        "public-url" => $"https://{Call.PublicHost}",
        "public-host" => Call.PublicHost,
        "resource" => Resource(argument),
        "inner" => Inner(argument),
        "client-id" => AuthorizationServer.ClientId,
        "client-secret" => AuthorizationServer.ClientSecret,
        "issuer" => Issuer(argument).Issuer,
        "issuer-host" => new Uri(Issuer(argument).Issuer).Authority,
        "mcp" => Mcp(argument).Url,
        "mcp-host" => new Uri(Mcp(argument).Url).Authority,
        "public-key" => WriteFile(argument + ".pem", Issuer(argument).Key.PublicPem()),
        "jwks-file" => WriteFile(argument + ".jwks", Issuer(argument).Jwks),
        "policy" => Policy.Url,
        "canary" => Canary.Url,
        "new-key" => Key.Create("ES256", "").PrivatePem(),
        _ => throw new UnreachableException(name),
    };

    private int PortOf(string name)
    {
        lock (gate)
        {
            return ports.TryGetValue(name, out var port) ? port : ports[name] = FreePort();
        }
    }

    private string WriteFile(string name, string text)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    [GeneratedRegex(@"(\$)?\$\{([a-z-]+)(:([A-Za-z0-9_-]*))?\}")]
    private static partial Regex Placeholder();
}
