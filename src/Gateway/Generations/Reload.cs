using System.Security.Cryptography;
using Gateway.Configuration;
using Gateway.Observe;
using TokenExchange.Outbound.Local;

namespace Gateway.Generations;

/// <summary>
/// Watches gateway.json and the session keys, and applies what is good. By content, once a second: the framework's
/// watchers miss the symbolic link that Kubernetes swaps under a mounted ConfigMap. A bad file changes nothing.
/// </summary>
internal sealed class Reload(ConfigurationInput input, LiveGenerations generations, GatewayMetrics metrics, ReloadState state, TimeProvider clock, ILogger<Reload> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How often a refused file is tried again: what it lacked may be a secret that is mounted later.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private long appliedAt;
    private bool retrying;
    private bool missing;
    private ConfigurationProblem[] warned = [];

    /// <summary>Looks once, and applies what has changed since the last look.</summary>
    internal void Poll()
    {
        if (!gate.TryEnter())
        {
            // Another look is under way, and waits perhaps for a slow disk: whoever asks again and again must not wait with it.
            return;
        }

        try
        {
            var content = ContentOf(input.Path);
            var file = DigestOf(content);
            if (string.IsNullOrEmpty(file) && file == state.Seen)
            {
                // A pipe gives what it has once; and of a file that was empty, or was not there, nothing else is to be told.
                return;
            }

            if (file is null && state.Seen is not null && !missing)
            {
                // Not there in this moment: it is being replaced, or was taken away, which the next look tells.
                missing = true;
                return;
            }

            missing = false;
            var keys = DigestOf(state.SessionKeyFile);
            var changed = file != state.Seen || keys != state.SeenKeys;
            if (changed || (state.Problems.Count > 0 && clock.GetElapsedTime(appliedAt) >= RetryInterval))
            {
                // Before it is loaded: a change while it is loaded is another change.
                var watched = state.SessionKeyFile;
                (state.Seen, state.SeenKeys) = (file, keys);
                retrying = !changed;
                Apply(content);
                retrying = false;
                if (state.SessionKeyFile != watched)
                {
                    // Of what the generation has read, and not of the file as it is by now.
                    state.SeenKeys = generations.Current.SessionKeysDigest;
                }
            }
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>A digest of a file's content; null when it cannot be read in this moment.</summary>
    internal static string? DigestOf(string? path) => DigestOf(ContentOf(path));

    private static string? DigestOf(byte[]? content) => content is null ? null : content.Length == 0 ? "" : Convert.ToHexString(SHA256.HashData(content));

    /// <summary>What a file holds; null when it cannot be read in this moment, nothing when it has no length.</summary>
    private static byte[]? ContentOf(string? path)
    {
        try
        {
            if (path is null)
            {
                return null;
            }

            // What is no file, or has no length, is not opened: at a pipe that would be to wait for whoever writes.
            var file = File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);
            return file is not FileInfo { Exists: true } there || there.Length > ConfigurationLoader.MaxFileSize ? null : there.Length == 0 ? [] : File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Applies what was read; on any problem the running generation stays.</summary>
    private void Apply(byte[]? content)
    {
        appliedAt = clock.GetTimestamp();
        try
        {
            Apply(content is null ? ConfigurationLoader.Load(input) : ConfigurationLoader.Load(content, input));
        }
        catch (Exception exception) when (exception is ConfigurationException or LocalIssuerException)
        {
            Refused([exception.Message]);
        }
        catch (Exception exception)
        {
            // Whatever it is, the running generation must not suffer from a file that it does not use.
            Refused([$"The configuration cannot be applied ({exception.GetType().Name})."]);
        }
    }

    /// <summary>Tells of what the gateway serves all the same, and of each once while it stands: whoever never runs <c>check</c> reads it here.</summary>
    internal void Warn(LoadedConfiguration loaded)
    {
        var warnings = loaded.Problems.Where(problem => problem.IsWarning).ToArray();
        foreach (var warning in warnings.ExceptBy(warned.Select(About), About))
        {
            log.ConfigurationWarning(ConfigurationReport.Line(input.Path, warning));
        }

        warned = warnings;
    }

    /// <summary>A warning but for its place, which other lines of the file move.</summary>
    private static (string Rule, string Key, string Message) About(ConfigurationProblem warning) => (warning.Rule, warning.Key, warning.Message);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Poll();
        }
    }

    private void Apply(LoadedConfiguration loaded)
    {
        if (loaded.HasErrors || loaded.Options is not { } options)
        {
            Refused([.. loaded.Problems.Where(problem => !problem.IsWarning).Select(problem => ConfigurationReport.Line(input.Path, problem))]);
            return;
        }

        generations.Apply(options);
        state.Applied(options, generations.Current.Number, clock.GetUtcNow());
        metrics.Reloaded(true);
        log.GenerationApplied(generations.Current.Number);
        Warn(loaded);
        foreach (var section in state.NeedRestart(loaded))
        {
            log.RestartNeeded(section);
        }
    }

    private void Refused(IReadOnlyList<string> problems)
    {
        if (retrying && problems.SequenceEqual(state.Problems, StringComparer.Ordinal))
        {
            // Said before, of the same file.
            return;
        }

        state.Refused(problems, generations.Current.Number, clock.GetUtcNow());
        metrics.Reloaded(false);
        foreach (var problem in problems)
        {
            log.ReloadRefused(problem);
        }
    }
}

internal static partial class ReloadEvents
{
    [LoggerMessage(1601, LogLevel.Information, "Configuration applied as generation {Generation}", EventName = "GenerationApplied")]
    public static partial void GenerationApplied(this ILogger logger, long generation);

    [LoggerMessage(1603, LogLevel.Warning, "{Section} was changed; it belongs to the process and takes effect at its next start", EventName = "RestartNeeded")]
    public static partial void RestartNeeded(this ILogger logger, string section);

    [LoggerMessage(1604, LogLevel.Warning, "The configuration is served with {Warning}", EventName = "ConfigurationWarning")]
    public static partial void ConfigurationWarning(this ILogger logger, string warning);

    [LoggerMessage(1602, LogLevel.Error, "Changed configuration not applied, the running one stays: {Problem}", EventName = "ReloadRefused")]
    public static partial void ReloadRefused(this ILogger logger, string problem);
}
