using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using TokenExchange.Outbound;

namespace Gateway.Observe;

/// <summary>
/// Writes a <see cref="RequestRecord"/> as one line of JSON. Every field is always there, in a fixed order; what a caller
/// can choose is cut to <see cref="MaxLength"/> characters and <see cref="MaxItems"/> items, so that a line is bounded.
/// </summary>
internal static class AuditEvent
{
    public const string Allowed = "mcp.request.allowed";
    public const string Refused = "mcp.request.refused";
    public const int MaxLength = ForeignText.MaxLength;
    public const int MaxItems = 16;

    /// <summary>The length of <c>2026-01-01T12:00:00.000</c>.</summary>
    private const int Milliseconds = 23;

    // The default encoder escapes control characters and everything outside of ASCII: no line breaks, no terminal
    // sequences and no look-alike or bidirectional characters in front of whoever reads the log.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.Default, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? threadBuffer;

    [ThreadStatic]
    private static Utf8JsonWriter? threadWriter;

    /// <summary>The line, without a line feed; valid until the next call on this thread.</summary>
    public static ReadOnlySpan<byte> Write(RequestRecord record, string? traceId, in Credentials credentials = default)
    {
        var buffer = threadBuffer ??= new ArrayBufferWriter<byte>(2048);
        buffer.ResetWrittenCount();
        var writer = threadWriter ??= new Utf8JsonWriter(buffer, WriterOptions);
        writer.Reset(buffer);
        writer.WriteStartObject();
        Instant(writer, "time"u8, record.Time);
        writer.WriteString("event"u8, record.Allowed ? Allowed : Refused);
        Text(writer, "reason"u8, record.Reason);
        Text(writer, "category"u8, record.Allowed ? null : record.Category);
        Text(writer, "detail"u8, record.Detail);
        Text(writer, "request_id"u8, record.RequestId);
        Text(writer, "trace_id"u8, traceId);
        Text(writer, "server"u8, record.Server);
        Text(writer, "resource"u8, record.Resource);
        List(writer, "presented_audience"u8, record.PresentedAudience, credentials);
        Text(writer, "issuer"u8, record.Issuer);
        Text(writer, "subject"u8, record.Subject.Without(credentials));
        Text(writer, "client_id"u8, record.ClientId.Without(credentials));
        List(writer, "actors"u8, record.Actors, credentials);
        Text(writer, "token_id"u8, record.TokenId.Without(credentials));
        Text(writer, "proof"u8, record.Proof);
        Text(writer, "approval"u8, record.Approval);
        Text(writer, "client_address"u8, record.ClientAddress);
        Text(writer, "user_agent"u8, record.UserAgent.Without(credentials));
        Text(writer, "method"u8, record.Method.Without(credentials));
        Text(writer, "operation"u8, record.Operation.Without(credentials));
        Text(writer, "outbound_audience"u8, record.OutboundAudience.Without(credentials));
        Text(writer, "outbound_token_id"u8, record.OutboundTokenId.Without(credentials));
        Instant(writer, "outbound_expires"u8, record.OutboundExpires);
        writer.WriteString("exchange"u8, NameOf(record.Exchange));
        if (record.McpServerStatus is { } answered)
        {
            writer.WriteNumber("upstream_status"u8, answered);
        }
        else
        {
            writer.WriteNull("upstream_status"u8);
        }

        Policy(writer, record.Policy, credentials);
        writer.WriteNumber("status"u8, record.Status);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan;
    }

    private static string NameOf(ExchangeOrigin origin) => origin switch
    {
        ExchangeOrigin.Hit => "hit",
        ExchangeOrigin.Joined => "joined",
        ExchangeOrigin.Issued => "issued",
        _ => "none",
    };

    private static void Policy(Utf8JsonWriter writer, PolicyDecision? decision, in Credentials credentials)
    {
        if (decision is null)
        {
            writer.WriteNull("policy"u8);
            return;
        }

        writer.WriteStartObject("policy"u8);
        writer.WriteString("decision"u8, decision.Name);
        Text(writer, "id"u8, ((ForeignText)decision.Id).Without(credentials));
        Text(writer, "reason"u8, ((ForeignText)decision.Why).Without(credentials));
        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            writer.WriteNull(name);
        }
        else
        {
            writer.WriteString(name, Cut(value));
        }
    }

    private static void List(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ImmutableArray<string>? values, in Credentials credentials)
    {
        if (values is not { IsDefault: false } list)
        {
            writer.WriteNull(name);
            return;
        }

        writer.WriteStartArray(name);
        foreach (var value in list.AsSpan()[..Math.Min(list.Length, MaxItems)])
        {
            writer.WriteStringValue(((ForeignText)value).Without(credentials));
        }

        writer.WriteEndArray();
    }

    private static void Instant(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is not { } value)
        {
            writer.WriteNull(name);
            return;
        }

        // The round-trip format, which .NET has a fast way for, cut to milliseconds.
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Milliseconds] = (byte)'Z';
        writer.WriteString(name, text[..(Milliseconds + 1)]);
    }

    private static ReadOnlySpan<char> Cut(string value) => value.Length <= MaxLength ? value : value.AsSpan(0, MaxLength);
}
