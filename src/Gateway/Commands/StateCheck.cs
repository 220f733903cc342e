using System.Globalization;
using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;

namespace Gateway.Commands;

/// <summary>
/// Asks the shared state what a gateway needs of it: that it answers, that ids can be taken there, that it forgets nothing by
/// itself, and what a crash of it would lose. What it does not tell is said, and is no fault.
/// </summary>
internal static class StateCheck
{
    private const string Check = "shared state";

    public static async Task RunAsync(GatewayOptions options, DoctorReport report)
    {
        if (options.SharedState?.Redis is not { } redis)
        {
            return;
        }

        var endpoints = string.Join(", ", redis.Endpoints);
        try
        {
            await using var desk = new RevocationDesk(options, TimeProvider.System);
            await desk.ConnectAsync();
            report.Pass(Check, $"{endpoints} answers");
            await IdsAsync(desk, redis, report);
            await ClockAsync(desk, report);
            await EvictionAsync(desk, report);
            await PersistenceAsync(desk, report);
            await EntriesAsync(desk, report);
        }
        catch (StateException failure)
        {
            report.Fail(Check, $"{endpoints} cannot be asked ({failure.Message})", $"compare address, Tls ({(redis.Tls ? "on" : "off")}), CaFile, User and PasswordFile with what the server has; docs/troubleshooting.md#state_unavailable");
        }
        catch (ConfigurationException unusable)
        {
            report.Fail(Check, unusable.Message, "see SharedState in docs/configuration.md");
        }
    }

    private static async Task IdsAsync(RevocationDesk desk, RedisOptions redis, DoctorReport report)
    {
        var replicas = redis.MinReplicas > 0 ? string.Create(CultureInfo.InvariantCulture, $", acknowledged by {redis.MinReplicas} replicas") : "";
        try
        {
            if (await desk.TryTakeAsync())
            {
                report.Pass($"{Check} ids", $"one was taken, once{replicas}");
            }
            else
            {
                report.Fail($"{Check} ids", "one was taken twice", "what answers there is no server of the Redis protocol that keeps SET NX");
            }
        }
        catch (StateException failure)
        {
            report.Fail($"{Check} ids", $"none can be taken ({failure.Message}), so that whatever is good once is refused", "the ACL user needs what docs/revocation.md lists, and MinReplicas that many replicas that are connected");
        }
    }

    private static async Task ClockAsync(RevocationDesk desk, DoctorReport report)
    {
        const string Name = $"{Check} clock";
        if (await desk.TimeAsync() is not { } time)
        {
            report.Note(Name, "the server does not tell the time (TIME); what is over is taken out there a day late");
        }
        else if ((time - TimeProvider.System.GetUtcNow()).Duration() is var apart && apart > TimeSpan.FromMinutes(1))
        {
            report.Note(Name, string.Create(CultureInfo.InvariantCulture, $"warning: it is {apart.TotalSeconds:0} s apart from the clock here; ids are remembered for a minute longer than they are good, and no more"));
        }
        else
        {
            report.Pass(Name, "it goes with the clock here");
        }
    }

    private static async Task EvictionAsync(RevocationDesk desk, DoctorReport report)
    {
        var policy = (await desk.InfoAsync("memory")).GetValueOrDefault("maxmemory_policy");
        if (policy == StateHealth.KeepsAll)
        {
            report.Pass($"{Check} eviction", $"maxmemory-policy is {policy}");
        }
        else if (policy is null)
        {
            report.Note($"{Check} eviction", "the server does not tell its maxmemory-policy; it must be noeviction");
        }
        else
        {
            report.Fail($"{Check} eviction", $"maxmemory-policy is {policy}: a full server forgets revocations and used ids", "set it to noeviction; until then readiness fails");
        }
    }

    private static async Task PersistenceAsync(RevocationDesk desk, DoctorReport report)
    {
        var (kept, synced) = (await desk.SettingAsync("appendonly"), await desk.SettingAsync("appendfsync"));
        const string Name = $"{Check} persistence";
        switch (kept, synced)
        {
            case ("yes", "always"):
                report.Pass(Name, "appendfsync is always: what was acknowledged outlives a crash");
                break;
            case ("yes", "everysec"):
                report.Note(Name, "warning: appendfsync is everysec: a crash can lose the last second of used ids; revocations are written back by replicas that hold them");
                break;
            case ("yes", not null):
                report.Note(Name, $"warning: appendfsync is {synced}: a crash can lose what the operating system had not written; set always or everysec");
                break;
            case (not null, _):
                report.Note(Name, $"warning: appendonly is {kept}: a restart forgets used ids, and revocations that no running replica holds; set appendonly yes and appendfsync always");
                break;
            default:
                report.Note(Name, "the server does not tell (CONFIG GET appendonly, appendfsync); it should have appendonly yes and appendfsync always");
                break;
        }
    }

    private static async Task EntriesAsync(RevocationDesk desk, DoctorReport report)
    {
        var (revocations, ignored) = await desk.InForceAsync();
        report.Pass($"{Check} revocations", string.Create(CultureInfo.InvariantCulture, $"{revocations.Count} in force"));
        if (ignored > 0)
        {
            report.Note($"{Check} revocations", string.Create(CultureInfo.InvariantCulture, $"warning: {ignored} entries were made with none of the keys of SessionKeyFile: another gateway writes below the same Prefix, or a stranger"));
        }
    }
}
