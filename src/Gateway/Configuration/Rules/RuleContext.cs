using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;
using Gateway.Generations;

namespace Gateway.Configuration.Rules;

/// <summary>What a rule sees: the options as written, what follows from them, and where to say what is wrong.</summary>
internal sealed class RuleContext(ConfigurationTree tree, ConfigurationFile file, ConfigurationInput input)
{
    private readonly GatewayOptions options = file.Gateway;

    public GatewayOptions Options => options;

    /// <summary>The section of ASP.NET Core's web server.</summary>
    public KestrelOptions Kestrel => file.Kestrel;

    public bool FilesMustExist => input.FilesMustExist;

    public TimeProvider Clock => input.Clock;

    /// <summary>Whether nothing is minted or bound by whoever reads this configuration.</summary>
    public bool IsInboundOnly => input.IsInboundOnly;

    /// <summary>The options of the command line that would have the gateway listen elsewhere than <c>Kestrel:Endpoints</c> says, and do not.</summary>
    public ImmutableArray<string> ListeningOptionsWithoutEffect => file.Kestrel.Endpoints.Count > 0 ? input.ListeningOptions : [];

    /// <summary>The names that requests may ask by, as the host filter reads them.</summary>
    public string[] AllowedHosts => file.AllowedHosts?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>The addresses that the gateway listens on for clients.</summary>
    public IEnumerable<string> Listening => file.Kestrel.Endpoints.Count > 0 ? file.Kestrel.Endpoints.Values.Select(endpoint => endpoint.Url).OfType<string>() : input.Listening;

    public ImmutableArray<ServerTopology> Servers { get; } = ServerTopology.Of(file.Gateway);

    /// <summary>Whether a key is written or overridden; a null is not.</summary>
    public bool IsGiven(string key) => tree.IsGiven(key);

    /// <summary>What is written at a key of a section that is not ours; null when nothing is.</summary>
    public JsonNode? Find(string key) => tree.Find(key);

    /// <summary>Whether a key could not be read, so that what depends on it cannot be judged.</summary>
    public bool IsDoubtful(string key) => tree.IsDoubtful(key);

    /// <summary>Leaves a key that a rule has found wrong out of what others judge by: one fault is one problem.</summary>
    public void Doubt(string key) => tree.Doubt(key);

    /// <summary>The key of an authorization server.</summary>
    public static string KeyOf(string authorizationServer, string member) => $"Gateway:AuthorizationServers:{authorizationServer}:{member}";

    /// <summary>The key of a server.</summary>
    public static string KeyOf(ServerTopology server, string member) => $"Gateway:Servers:{server.Id}:{member}";

    /// <summary>Every client of the gateway at an authorization server, with its key.</summary>
    public IEnumerable<(string Key, ClientOptions Client)> Clients =>
    [
        .. from server in options.AuthorizationServers where server.Value.Client is not null select (KeyOf(server.Key, "Client"), server.Value.Client),
        .. from server in Servers where server.Outbound.Client is not null select (KeyOf(server, "Outbound:Client"), server.Outbound.Client),
    ];

    /// <summary>An error: what is there, what is wrong, what would be right. Silent where the value could not be read at all.</summary>
    public void Error(string rule, string key, string message)
    {
        if (!tree.IsDoubtful(key))
        {
            tree.Report(rule, key, message);
        }
    }

    /// <summary>The gateway may run, but somebody should know.</summary>
    public void Warn(string rule, string key, string message)
    {
        if (!tree.IsDoubtful(key))
        {
            tree.Report(rule, key, message, isWarning: true);
        }
    }
}
