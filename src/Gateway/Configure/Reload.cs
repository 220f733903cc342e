using System.Security.Cryptography;
using Gateway.Observe;
using TokenExchange.Issue;

namespace Gateway.Configure;

/// <summary>
/// Watches gateway.json and applies what is good. By content, once a second: the framework's watchers miss the symbolic
/// link that Kubernetes swaps under a mounted ConfigMap. A bad file changes nothing.
/// </summary>
internal sealed class Reload(ConfigurationInput input, Generations generations, GatewayMetrics metrics, ReloadState state, TimeProvider clock, ILogger<Reload> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var seen = Fingerprint();
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = Fingerprint();
            if (now is not null && now != seen)
            {
                seen = now;
                Apply();
            }
        }
    }

    /// <summary>Loads the file and applies it; on any problem the running generation stays.</summary>
    internal void Apply()
    {
        var loaded = ConfigurationLoader.Load(input);
        try
        {
            if (!loaded.HasErrors && loaded.Options is { } options)
            {
                generations.Apply(options);
                state.Applied();
                metrics.Reloaded(true);
                log.GenerationApplied(generations.Current.Number);
                return;
            }

            Refused([.. loaded.Problems.Where(problem => !problem.IsWarning).Select(problem => $"{problem.Rule}: {problem.Key}: {problem.Message}")]);
        }
        catch (Exception exception) when (exception is ConfigurationException or LocalIssuerException or IOException or UnauthorizedAccessException)
        {
            Refused([exception.Message]);
        }
    }

    private void Refused(IReadOnlyList<string> problems)
    {
        state.Refused(problems);
        metrics.Reloaded(false);
        foreach (var problem in problems)
        {
            log.ReloadRefused(problem);
        }
    }

    /// <summary>A digest of the file and the session keys; null when it cannot be read in this moment.</summary>
    private string? Fingerprint()
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(File.ReadAllBytes(input.Path));
            if (state.SessionKeyFile is { } keys && File.Exists(keys))
            {
                hash.AppendData(File.ReadAllBytes(keys));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>What became of the last change of the configuration, for readiness detail.</summary>
internal sealed class ReloadState
{
    /// <summary>The problems of a refused change; empty when the running configuration is the file's.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <summary>The file with the session keys, watched along.</summary>
    public string? SessionKeyFile { get; set; }

    public void Applied() => Problems = [];

    public void Refused(IReadOnlyList<string> problems) => Problems = problems;
}

internal static partial class ReloadEvents
{
    [LoggerMessage(1601, LogLevel.Information, "Configuration applied as generation {Generation}", EventName = "GenerationApplied")]
    public static partial void GenerationApplied(this ILogger logger, long generation);

    [LoggerMessage(1602, LogLevel.Error, "Changed configuration not applied, the running one stays: {Problem}", EventName = "ReloadRefused")]
    public static partial void ReloadRefused(this ILogger logger, string problem);
}
