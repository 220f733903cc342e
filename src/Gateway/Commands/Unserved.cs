using Gateway.Authorize.Bodies;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Generations;
using Gateway.Sessions;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Local;

namespace Gateway.Commands;

/// <summary>The generation that <c>run</c> would serve, without a listener: for commands that ask what it would do.</summary>
internal sealed class Unserved : IDisposable
{
    private readonly RuntimePool pool;
    private readonly ExchangeCache cache;

    private Unserved(RuntimePool pool, ExchangeCache cache, GatewayOptions options, Generation generation)
    {
        this.pool = pool;
        this.cache = cache;
        Options = options;
        Generation = generation;
    }

    public GatewayOptions Options { get; }

    public Generation Generation { get; }

    /// <summary>Loads and builds; null when there are problems, each of which was written to <paramref name="errors"/>.</summary>
    /// <param name="path">The path of gateway.json.</param>
    /// <param name="overrides">The overrides of the command line.</param>
    /// <param name="inboundOnly">Whether what only the way out needs (signing keys, session keys) may be missing.</param>
    /// <param name="errors">Where problems go.</param>
    public static Unserved? Build(string path, IReadOnlyList<string> overrides, bool inboundOnly, TextWriter errors)
    {
        var loaded = ConfigurationLoader.Load(ConfigurationInput.Of(path, overrides, filesMustExist: !inboundOnly) with { IsInboundOnly = inboundOnly });
        if (loaded.HasErrors || loaded.Options is not { } options)
        {
            errors.WriteLine(new ConfigurationReport(path, loaded).Errors());
            return null;
        }

        var keys = new SessionKeys();
        if (inboundOnly)
        {
            LeaveTheWayOut(options, keys);
        }

        var clock = TimeProvider.System;
        var pool = new RuntimePool(clock, NullLoggerFactory.Instance);
        var cache = new ExchangeCache(new ExchangeCacheSettings(options.Cache.Capacity, options.Cache.MaxAge), clock);
        try
        {
            return new Unserved(pool, cache, options, new GenerationBuilder(pool, cache, keys, clock, new Revocations(clock), new HeldBodies(), inactive: null) { InboundOnly = inboundOnly }.Build(options, 1));
        }
        catch (Exception exception) when (exception is ConfigurationException or LocalIssuerException)
        {
            pool.Dispose();
            cache.Dispose();
            errors.WriteLine(exception.Message);
            return null;
        }
    }

    /// <summary>The server of that id; null when there is none, which was written to <paramref name="errors"/>.</summary>
    public McpServer? Server(string id, TextWriter errors)
    {
        if (Generation.Servers.FirstOrDefault(server => server.Id == id) is { } found)
        {
            return found;
        }

        errors.WriteLine($"There is no server '{id}'; there are: {string.Join(", ", Generation.Servers.Select(server => server.Id))}.");
        return null;
    }

    public void Dispose()
    {
        pool.Dispose();
        cache.Dispose();
    }

    private static void LeaveTheWayOut(GatewayOptions options, SessionKeys keys)
    {
        options.SessionKeyFile = Readable(options.SessionKeyFile, keys);
        foreach (var server in options.Servers.Values)
        {
            // Nonces are made with a key of the running gateway.
            server.DPoP.Nonce = DPoPNonce.Off;
        }
    }

    /// <summary>The file, if whoever asks may read it; without it no approval is known to be the gateway's own.</summary>
    private static string? Readable(string? file, SessionKeys keys)
    {
        try
        {
            keys.Read(file);
            return file;
        }
        catch (ConfigurationException)
        {
            return null;
        }
    }
}
