using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;

namespace Gateway.Generations;

/// <summary>What a reload compares with: what was seen last, and what the process started with.</summary>
internal sealed class ReloadState(LoadedConfiguration started, string? seen)
{
    private const int MostRemembered = 10;
    private static readonly string[] HostSections = ["Kestrel", "Logging", "AllowedHosts"];

    private readonly GatewayOptions options = started.Options!;
    private volatile IReadOnlyList<string> problems = [];
    private readonly Lock remembering = new();
    private GatewayOptions latest = started.Options!;
    private ImmutableArray<ConfigurationChange> history = [];

    /// <summary>What the process started with.</summary>
    public GatewayOptions Started => options;

    /// <summary>The problems of a refused change; empty when the running configuration is the file's.</summary>
    public IReadOnlyList<string> Problems => problems;

    /// <summary>The file with the session keys, watched along.</summary>
    public string? SessionKeyFile { get; private set; } = started.Options!.SessionKeyFile;

    /// <summary>The digest of the file that was loaded last, good or bad.</summary>
    public string? Seen { get; set; } = seen;

    /// <summary>The digest of the session keys that were loaded last.</summary>
    public string? SeenKeys { get; set; } = Reload.DigestOf(started.Options!.SessionKeyFile);

    /// <summary>The last changes that were seen since the start, newest first.</summary>
    public ImmutableArray<ConfigurationChange> History
    {
        get
        {
            lock (remembering)
            {
                return history;
            }
        }
    }

    public void Applied(GatewayOptions applied, long generation, DateTimeOffset time)
    {
        problems = [];
        SessionKeyFile = applied.SessionKeyFile;
        Remember(ConfigurationChange.Of(time, generation, latest, applied));
        latest = applied;
    }

    public void Refused(IReadOnlyList<string> refused, long generation, DateTimeOffset time)
    {
        problems = refused;
        Remember(ConfigurationChange.Refused(time, generation));
    }

    private void Remember(ConfigurationChange change)
    {
        lock (remembering)
        {
            history = [change, .. history.Take(MostRemembered - 1)];
        }
    }

    /// <summary>The sections that belong to the process and are not what it started with.</summary>
    public IEnumerable<string> NeedRestart(LoadedConfiguration loaded)
    {
        var now = loaded.Options!;
        if ((now.Cache.Capacity, now.Cache.MaxAge) != (options.Cache.Capacity, options.Cache.MaxAge))
        {
            yield return "Gateway:Cache";
        }

        if ((now.Audit.File, now.Audit.OnFull) != (options.Audit.File, options.Audit.OnFull))
        {
            yield return "Gateway:Audit";
        }

        if (JsonSerializer.Serialize(now.Management, ConfigurationJson.Default.ManagementOptions) != JsonSerializer.Serialize(options.Management, ConfigurationJson.Default.ManagementOptions))
        {
            yield return "Gateway:Management";
        }

        if (!now.TrustedProxies.SequenceEqual(options.TrustedProxies, StringComparer.Ordinal))
        {
            yield return "Gateway:TrustedProxies";
        }

        if (now.DrainDelay != options.DrainDelay)
        {
            yield return "Gateway:DrainDelay";
        }

        if (now.InlineScheduling != options.InlineScheduling)
        {
            yield return "Gateway:InlineScheduling";
        }

        if (JsonSerializer.Serialize(now.SharedState, ConfigurationJson.Default.SharedStateOptions) != JsonSerializer.Serialize(options.SharedState, ConfigurationJson.Default.SharedStateOptions))
        {
            yield return "Gateway:SharedState";
        }

        foreach (var section in HostSections.Where(section => !JsonNode.DeepEquals(loaded.Host[section], started.Host[section])))
        {
            yield return section;
        }
    }
}
