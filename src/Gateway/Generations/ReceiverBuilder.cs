using System.Collections.Frozen;
using Gateway.Configuration.Options;
using Gateway.Revoke;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Generations;

/// <summary>Builds whose announcements of a token's end are believed.</summary>
internal sealed class ReceiverBuilder(BuildContext context, RuntimePool pool, TimeProvider clock)
{
    public FrozenDictionary<string, LogoutReceiver> Logouts() =>
        context.Options.AuthorizationServers.Where(server => server.Value.BackchannelLogout).ToFrozenDictionary(server => server.Key, server => new LogoutReceiver(
            new LogoutTokenValidator(
                context.Connections[server.Key],
                [.. ClientIds(server.Key, server.Value)],
                [.. server.Value.Algorithms],
                server.Value.ClockSkew,
                clock),

            // No token that was issued until now is accepted for longer, wherever within the skew the two clocks are.
            server.Value.MaxTokenLifetime + (2 * server.Value.ClockSkew)));

    public FrozenDictionary<string, SecurityEventReceiver> Events() =>
        context.Options.AuthorizationServers.Where(server => server.Value.SecurityEvents is not null).ToFrozenDictionary(server => server.Key, server =>
        {
            var (written, events) = (server.Value, server.Value.SecurityEvents!);
            var transmitter = events is { Issuer: null, JwksUrl: null } ? context.Connections[server.Key] : pool.Connect(SettingsMapping.Transmitter(server.Key, written, events));
            return new SecurityEventReceiver(
                server.Key,
                new SecurityEventValidator(transmitter, written.Issuer!, events.Audience!, [.. written.Algorithms], written.ClockSkew, written.MaxTokenLifetime, clock),
                events.TokenFile,
                written.MaxTokenLifetime + (2 * written.ClockSkew),
                clock);
        });

    // Every client that the gateway is at the server: a server's Outbound may bring one of its own.
    private IEnumerable<string> ClientIds(string name, AuthorizationServerOptions server) =>
        context.Topology.Where(target => target.Outbound.AuthorizationServer == name).Select(target => target.ClientAt(server)?.Id)
            .Append(server.Client?.Id).OfType<string>().Distinct(StringComparer.Ordinal);
}
