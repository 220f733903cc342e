using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare;

/// <summary>One contender in one round: CPU per request in µs, and what the load saw.</summary>
internal sealed record Sample(double Cpu, double Rate, Round Round)
{
    /// <summary>Loads a contender with wrk and watches its CPU time.</summary>
    public static async Task<Sample> OfWrkAsync(PeerProcess peer, string script, TimeSpan duration)
    {
        var before = peer.Cpu();
        return Of(peer, before, Answered(peer, await Wrk.RunAsync(peer.Url, script, duration)), duration);
    }

    /// <summary>Loads a contender over HTTP/2 and watches its CPU time.</summary>
    public static async Task<Sample> OfH2LoadAsync(PeerProcess peer, H2Load load, TimeSpan duration)
    {
        var before = peer.Cpu();
        return Of(peer, before, Answered(peer, await load.RunAsync(peer.Url, duration)), duration);
    }

    /// <summary>Loads a contender at the lanes' own rates and watches its CPU time; latencies are those of the first lane.</summary>
    public static async Task<Sample> OfLanesAsync(PeerProcess peer, TimeSpan duration, params Lane[] lanes)
    {
        var before = peer.Cpu();
        var rounds = await PacedLoad.RunAsync(duration, lanes);
        return Of(peer, before, rounds[0] with { Requests = rounds.Sum(round => round.Requests), Errors = rounds.Sum(round => round.Errors) }, duration);
    }

    /// <summary>Throws when more than a few of a machine's hiccups were no 200: a refusal costs less than what is measured.</summary>
    private static Round Answered(PeerProcess peer, Round round) => round.Errors * 1000 <= round.Requests
        ? round
        : throw new InvalidOperationException($"{peer.Name}: {round.Errors} of {round.Requests} calls got no 200.");

    private static Sample Of(PeerProcess peer, TimeSpan before, Round round, TimeSpan duration) =>
        new((peer.Cpu() - before).TotalMicroseconds / round.Requests, round.Requests / duration.TotalSeconds, round);
}
