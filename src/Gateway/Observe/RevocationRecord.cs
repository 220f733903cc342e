using System.Globalization;
using System.Text.Json;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Observe;

/// <summary>A revocation as one replica has carried it out. Names nobody but the authorization server.</summary>
/// <param name="Time">When it was carried out here.</param>
/// <param name="Revocation">What was revoked.</param>
/// <param name="AuthorizationServer">The configured name of the issuer; null when this replica knows none.</param>
/// <param name="StreamsEnded">How many open streams it has ended here.</param>
/// <param name="EntriesDropped">How many outcomes of exchanges it has dropped here.</param>
/// <param name="Replica">Where that was.</param>
internal sealed record RevocationRecord(DateTimeOffset Time, Revocation Revocation, string? AuthorizationServer, int StreamsEnded, int EntriesDropped, string Replica)
{
    public const string Event = "gateway.revocation";

    /// <summary>The line, without a line feed.</summary>
    public byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("time", Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            writer.WriteString("event", Event);
            writer.WriteString("source", NameOf(Revocation.Source));
            writer.WriteString("authorization_server", AuthorizationServer);
            writer.WriteString("selector", NameOf(Revocation.Selector));
            writer.WriteString("digest", Revocation.Digest);
            writer.WriteString("id", IdOf(Revocation));
            writer.WriteNumber("streams_ended", StreamsEnded);
            writer.WriteNumber("entries_dropped", EntriesDropped);
            writer.WriteString("replica", Replica);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>The id as operators write it.</summary>
    public static string IdOf(Revocation revocation) => revocation.Id.ToString("x16", CultureInfo.InvariantCulture);

    public static string NameOf(RevocationSource source) => source switch
    {
        RevocationSource.BackchannelLogout => "backchannel_logout",
        RevocationSource.Introspection => "introspection",
        RevocationSource.SecurityEvent => "security_event",
        RevocationSource.Command => "command",
        RevocationSource.Limit => "limit",
        _ => "unknown",
    };

    public static string NameOf(RevocationSelector selector) => selector switch
    {
        RevocationSelector.Issuer => "issuer",
        RevocationSelector.Subject => "subject",
        RevocationSelector.SubjectWithoutSession => "subject_without_session",
        RevocationSelector.Session => "session",
        RevocationSelector.Client => "client",
        RevocationSelector.TokenId => "token_id",
        RevocationSelector.Token => "token",
        RevocationSelector.Undo => "undo",
        _ => "unknown",
    };
}
