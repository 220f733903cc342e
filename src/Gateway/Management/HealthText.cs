using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Gateway.Management;

/// <summary>Health as JSON, with the detail that only operators see.</summary>
internal static class HealthText
{
    public const string ContentType = "application/json";
    public const string Live = """{"status":"live"}""";

    public static string Of(Readiness readiness)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("status", StatusOf(readiness));
            writer.WriteNumber("generation", readiness.Generation);
            writer.WriteStartArray("authorization_servers");
            foreach (var server in readiness.AuthorizationServers)
            {
                writer.WriteStartObject();
                writer.WriteString("name", server.Name);
                writer.WriteBoolean("keys_available", server.KeysAvailable);
                if (server.KeysFetched is { } fetched)
                {
                    writer.WriteString("keys_fetched", fetched.UtcDateTime);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (readiness.SharedState is { } state)
            {
                writer.WriteStartObject("shared_state");
                writer.WriteBoolean("complete", state.Complete);
                writer.WriteNumber("staleness_seconds", Math.Round(state.Staleness.TotalSeconds, 3));
                writer.WriteString("maxmemory_policy", state.Eviction);
                writer.WriteNumber("pending", state.Pending);
                writer.WriteNumber("revocations", state.Revocations);
                writer.WriteEndObject();
            }

            writer.WriteStartArray("reload_problems");
            foreach (var problem in readiness.ReloadProblems)
            {
                writer.WriteStringValue(problem);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Without names, addresses and problems.</summary>
    public static string Bare(Readiness readiness) => $$"""{"status":"{{StatusOf(readiness)}}"}""";

    public static string StatusOf(Readiness readiness) => readiness switch
    {
        { Draining: true } => "draining",
        { Ready: false } => "not_ready",
        { Degraded: true } => "degraded",
        _ => "ready",
    };
}
