using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Commands;

/// <summary>What an operator does with the shared state, apart from any replica.</summary>
internal sealed class RevocationDesk : IAsyncDisposable
{
    internal const string NotInForce = "No revocation of that id is in force; see 'revoke list'.";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMilliseconds(200);

    private readonly GatewayOptions options;
    private readonly TimeProvider clock;
    private readonly RevocationKeys keys;
    private readonly RedisConnection connection;
    private readonly RedisState state;

    /// <summary>Connects to nothing yet. Throws <see cref="ConfigurationException"/> when there are no keys.</summary>
    public RevocationDesk(GatewayOptions options, TimeProvider clock)
    {
        (this.options, this.clock) = (options, clock);
        keys = SharedNames.RevocationKeys(new SessionKeys(), options);
        connection = new RedisConnection(options.SharedState!.Redis!);
        state = new RedisState(connection, options.SharedState.Redis!.MinReplicas);
    }

    /// <summary>Waits for the connection, for a while. Throws <see cref="StateException"/>.</summary>
    public async Task ConnectAsync()
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await state.ReadAsync(0, skip: 0, most: 1);
                return;
            }
            catch (StateException) when (clock.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(Pause, clock);
            }
        }
    }

    /// <summary>The inbound authorization server that is meant; null, with the reason told, when that is not clear.</summary>
    public AuthorizationServerOptions? IssuerOf(string? named, TextWriter errors)
    {
        var inbound = options.AuthorizationServers.Where(server => server.Value.Inbound).ToArray();
        var meant = named is null ? inbound : [.. inbound.Where(server => server.Key == named || server.Value.Issuer == named)];
        if (meant is [var one])
        {
            return one.Value;
        }

        errors.WriteLine($"{(named is null ? "Several authorization servers are inbound; name one with --issuer" : "--issuer names no inbound authorization server")}: {string.Join(", ", inbound.Select(server => server.Key))}.");
        return null;
    }

    public async Task<Revocation> RevokeAsync(RevocationSelector selector, AuthorizationServerOptions server, string value, string? reason)
    {
        // What is issued from now on is meant for whoever logs in again. An issuer whose clock is ahead has written later times: docs/revocation.md.
        var now = clock.GetUtcNow();
        var revocation = Revocation.Of(
            keys, selector, server.Issuer!, value, now, server.MaxTokenLifetime + (2 * server.ClockSkew), RevocationSource.Command, anyTime: selector == RevocationSelector.TokenId, reason);
        await state.AppendAsync([revocation.Bytes], [], TimeSpan.Zero);
        return revocation;
    }

    public async Task<(IReadOnlyList<Revocation> Revocations, int Ignored)> InForceAsync()
    {
        var known = new Revocations(clock, int.MaxValue, keys);
        var reading = await new LogReader(state, known, clock).ReadAsync();
        known.Add(reading.Sound);
        return ([.. known.All().Where(revocation => revocation.Selector != RevocationSelector.Undo && revocation.Until > clock.GetUtcNow())], reading.Ignored);
    }

    /// <summary>Takes a revocation back; returns why not, or null.</summary>
    public async Task<string?> UndoAsync(ulong id)
    {
        if ((await InForceAsync()).Revocations.FirstOrDefault(known => known.Id == id) is not { } revocation)
        {
            return NotInForce;
        }

        if (revocation.Source == RevocationSource.Limit)
        {
            return "It stands for all revocations of its issuer, of which there were more than are kept one by one; it ends when they would have, and cannot be taken back.";
        }

        await state.AppendAsync([revocation.Undo(keys).Bytes], [], TimeSpan.Zero);
        return null;
    }

    /// <summary>Whether an id that nobody else takes can be taken, and not a second time. Throws <see cref="StateException"/>.</summary>
    public async Task<bool> TryTakeAsync()
    {
        string[] names = [$"id:doctor-{Guid.NewGuid():N}"];
        return await state.TakeAsync(names, Patience) && !await state.TakeAsync(names, Patience);
    }

    /// <summary>What the server says of itself. Throws <see cref="StateException"/>.</summary>
    public Task<IReadOnlyDictionary<string, string>> InfoAsync(string section) => state.InfoAsync(section);

    /// <summary>The server's clock; null when it does not tell. Throws <see cref="StateException"/>.</summary>
    public Task<DateTimeOffset?> TimeAsync() => state.TimeAsync();

    /// <summary>A parameter of the server; null when it does not tell. Throws <see cref="StateException"/>.</summary>
    public Task<string?> SettingAsync(string name) => state.SettingAsync(name);

    public string LabelOf(Revocation revocation) => keys.LabelOf(revocation.IssuerOf(keys)) ?? "-";

    public string? ReasonOf(Revocation revocation) => revocation.ReasonIn(keys);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
