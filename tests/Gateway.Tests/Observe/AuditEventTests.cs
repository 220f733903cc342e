using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Gateway.Configuration.Options;
using Gateway.Observe;
using Gateway.Tests.Observe.Harness;
using Harness;
using TokenExchange.Outbound;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed class AuditEventTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void Every_field_of_an_allowed_call_is_written_in_the_promised_order()
    {
        var line = Encoding.UTF8.GetString(AuditEvent.Write(Given.AllowedCall(clock), "0af7651916cd43dd8448eb211c80319c"));

        Assert.Equal(
            """
            {"time":"2026-01-01T12:00:00.000Z","event":"mcp.request.allowed","reason":null,"category":null,"detail":null,
            "request_id":"request-1","trace_id":"0af7651916cd43dd8448eb211c80319c","server":"weather","resource":"https://mcp.example.com/weather",
            "presented_audience":["https://mcp.example.com/weather"],"issuer":"https://login.example.com","subject":"alice","client_id":"assistant",
            "actors":["agent-1","agent-2"],"token_id":"jti-in","proof":"dpop","approval":"approval-1","client_address":"192.0.2.7","user_agent":"client/1.0","method":"tools/call","operation":"forecast",
            "outbound_audience":"https://weather.internal/mcp","outbound_token_id":"jti-out","outbound_expires":"2026-01-01T12:02:00.000Z","exchange":"issued","upstream_status":202,"policy":null,"status":200}
            """.ReplaceLineEndings(""),
            line);
    }

    [Fact]
    public void A_refusal_before_the_signature_was_verified_has_null_for_everything_the_token_says()
    {
        var written = Parse(Given.Refusal(clock, 401, "signature_invalid"));

        Assert.Equal("mcp.request.refused", written.GetProperty("event").GetString());
        foreach (var name in (string[])["presented_audience", "issuer", "subject", "client_id", "actors", "token_id", "outbound_audience", "outbound_token_id", "outbound_expires", "trace_id", "detail", "approval", "upstream_status", "policy"])
        {
            Assert.Equal(JsonValueKind.Null, written.GetProperty(name).ValueKind);
        }

        Assert.Equal("none", written.GetProperty("exchange").GetString());
    }

    [Fact]
    public void An_empty_audience_of_a_verified_token_is_an_empty_array_and_not_null()
    {
        var record = Given.Refusal(clock, 401, "audience_invalid");
        record.PresentedAudience = [];

        Assert.Equal(0, Parse(record).GetProperty("presented_audience").GetArrayLength());
    }

    [Theory]
    [InlineData(401, "audience_invalid", "authorization")]
    [InlineData(401, "audience_not_single", "authorization")]
    [InlineData(403, "insufficient_scope", "authorization")]
    [InlineData(403, "origin_not_allowed", "authorization")]
    [InlineData(403, "client_not_allowed", "authorization")]
    [InlineData(403, "exchange_target_refused", "authorization")]
    [InlineData(403, "upstream_insufficient_scope", "authorization")]
    [InlineData(401, "token_missing", "authentication")]
    [InlineData(401, "expired", "authentication")]
    [InlineData(401, "exchange_subject_refused", "authentication")]
    [InlineData(401, "interaction_required", "authentication")]
    [InlineData(400, "multiple_credentials", "authentication")]
    [InlineData(400, "token_in_query", "authentication")]
    [InlineData(400, "credentials_malformed", "authentication")]
    [InlineData(400, "body_invalid", "request")]
    [InlineData(400, "header_mismatch", "request")]
    [InlineData(404, "session_not_yours", "request")]
    [InlineData(404, "not_found", "request")]
    [InlineData(405, "method_not_allowed", "request")]
    [InlineData(413, "body_too_large", "request")]
    [InlineData(503, "keys_unavailable", "dependency")]
    [InlineData(503, "exchange_unavailable", "dependency")]
    [InlineData(502, "exchange_result_rejected", "dependency")]
    [InlineData(502, "upstream_redirected", "dependency")]
    public void A_refusal_has_the_category_of_its_status_and_reason(int status, string reason, string category) =>
        Assert.Equal(category, Parse(Given.Refusal(clock, status, reason)).GetProperty("category").GetString());

    [Theory]
    [InlineData(200)]
    [InlineData(403)]
    [InlineData(500)]
    public void An_allowed_request_has_no_category_whatever_the_MCP_server_answered(int status)
    {
        var record = Given.AllowedCall(clock);
        record.Status = status;

        Assert.Equal(JsonValueKind.Null, Parse(record).GetProperty("category").ValueKind);
    }

    [Theory]
    [InlineData(ExchangeOrigin.None, "none")]
    [InlineData(ExchangeOrigin.Issued, "issued")]
    [InlineData(ExchangeOrigin.Joined, "joined")]
    [InlineData(ExchangeOrigin.Hit, "hit")]
    public void The_origin_of_the_hop_token_has_its_name(ExchangeOrigin origin, string name)
    {
        var record = Given.AllowedCall(clock);
        record.Exchange = origin;

        Assert.Equal(name, Parse(record).GetProperty("exchange").GetString());
    }

    [Theory]
    [InlineData("two\nlines\r\n{\"event\":\"mcp.request.allowed\"}")]
    [InlineData("terminal \u001b[2J and \u0007 and \u0000 and \u007f")]
    [InlineData("separators \u2028 \u2029 and \u202e reversed")]
    [InlineData("quote \" backslash \\ <script>")]
    public void What_a_caller_wrote_stays_on_its_line_as_plain_ASCII_and_reads_back_the_same(string text)
    {
        var record = Given.AllowedCall(clock);
        record.UserAgent = record.Operation = record.Subject = text;
        var line = AuditEvent.Write(record, null).ToArray();

        Assert.DoesNotContain(line, value => value is < 0x20 or > 0x7e);
        Assert.Equal(text, Parse(record).GetProperty("user_agent").GetString());
        Assert.Equal(text, Parse(record).GetProperty("subject").GetString());
    }

    [Fact]
    public void A_lone_surrogate_is_replaced_and_never_an_exception()
    {
        var record = Given.AllowedCall(clock);
        record.UserAgent = "a\ud800b";
        record.Subject = new string('x', AuditEvent.MaxLength - 1) + "\U0001F600";

        Assert.Equal("a\ufffdb", Parse(record).GetProperty("user_agent").GetString());
        Assert.EndsWith("\ufffd", Parse(record).GetProperty("subject").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Long_values_and_long_lists_are_cut()
    {
        var record = Given.AllowedCall(clock);
        record.UserAgent = record.Subject = record.Operation = record.TokenId = new string('x', 100_000);
        record.PresentedAudience = record.Actors = [.. Enumerable.Repeat(new string('y', 100_000), 1000)];
        var written = Parse(record);

        foreach (var name in (string[])["user_agent", "subject", "operation", "token_id"])
        {
            Assert.Equal(AuditEvent.MaxLength, written.GetProperty(name).GetString()!.Length);
        }

        Assert.Equal(AuditEvent.MaxItems, written.GetProperty("presented_audience").GetArrayLength());
        Assert.Equal(AuditEvent.MaxLength, written.GetProperty("actors")[0].GetString()!.Length);
    }

    [Theory]
    [InlineData("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "[redacted]")]
    [InlineData("file:///a?token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln&b=1", "file:///a?token=[redacted]&b=1")]
    [InlineData("eyJa.b.c and eyJd.e.f", "[redacted] and [redacted]")]
    [InlineData("eyJust a name", "eyJust a name")]
    public void A_token_in_a_place_that_callers_fill_freely_is_taken_out(string sent, string written)
    {
        var record = Given.AllowedCall(clock);
        record.UserAgent = record.Method = record.Operation = sent;

        foreach (var name in (string[])["user_agent", "method", "operation"])
        {
            Assert.Equal(written, Parse(record).GetProperty(name).GetString());
        }
    }

    [Fact]
    public async Task The_log_gets_the_very_line_under_the_name_of_the_event_and_with_the_current_trace()
    {
        using var loggers = new RecordingLoggers();
        await using var audit = new AuditLog(new AuditOptions(), loggers, new GatewayMetrics(Given.Meters(), clock), clock);
        using var activity = new Activity("test").Start();

        await audit.WriteAsync(Given.AllowedCall(clock));
        await audit.WriteAsync(Given.Refusal(clock, 401, "expired"));

        var entries = loggers.Entries.ToArray();
        Assert.All(entries, entry => Assert.Equal("Gateway.Audit", entry.Category));
        Assert.Equal(["mcp.request.allowed", "mcp.request.refused"], entries.Select(entry => entry.Event.Name!));
        var written = JsonDocument.Parse(entries[0].Message).RootElement;
        Assert.Equal("mcp.request.allowed", written.GetProperty("event").GetString());
        Assert.Equal(activity.TraceId.ToHexString(), written.GetProperty("trace_id").GetString());
    }

    private static JsonElement Parse(RequestRecord record) => JsonDocument.Parse(AuditEvent.Write(record, null).ToArray()).RootElement;
}
