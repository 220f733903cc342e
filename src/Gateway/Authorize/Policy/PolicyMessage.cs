using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound;
using TokenExchange.Outbound.Local;

namespace Gateway.Authorize.Policy;

/// <summary>
/// Writes what a decision point is asked. What a caller chose stands below members of its own (<c>claims</c>,
/// <c>arguments</c>): it takes no name of ours, whatever it is called.
/// </summary>
/// <remarks>OpenID AuthZEN Authorization API 1.0 §5, §6, §7; COAZ-MCP (draft), default mappings.</remarks>
internal static class PolicyMessage
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An access evaluation request.</summary>
    public static ReadOnlyMemory<byte> Evaluation(PolicySettings settings, ValidatedToken token, in PolicyQuestion question, PolicyParameters parameters)
    {
        var buffer = new ArrayBufferWriter<byte>(1024 + parameters.Arguments.Length);
        using var json = new Utf8JsonWriter(buffer, Compact);
        json.WriteStartObject();
        Subject(json, settings, token);
        Action(json, question.Action);
        Resource(json, settings, question, parameters.Arguments.Span);
        Context(json, token, parameters);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>An access evaluations request about the entries of a list: one subject, one action, many resources.</summary>
    public static ReadOnlyMemory<byte> Evaluations(PolicySettings settings, ValidatedToken token, IReadOnlyList<PolicyQuestion> questions)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Compact);
        json.WriteStartObject();
        Subject(json, settings, token);
        Action(json, questions[0].Action);
        Context(json, token, PolicyParameters.None);
        json.WriteStartArray("evaluations");
        foreach (var question in questions)
        {
            json.WriteStartObject();
            Resource(json, settings, question, default);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>A question about a subject that nobody has, of the list of tools.</summary>
    public static ReadOnlyMemory<byte> Probe(PolicySettings settings)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, Compact);
        json.WriteStartObject();
        json.WriteStartObject("subject");
        json.WriteString("type", "identity");
        json.WriteString("id", "gateway-doctor");
        json.WriteEndObject();
        Action(json, "tools/list");
        Resource(json, settings, new PolicyQuestion("tools/list", "mcp_server", null), default);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Subject(Utf8JsonWriter json, PolicySettings settings, ValidatedToken token)
    {
        json.WriteStartObject("subject");
        json.WriteString("type", "identity");
        json.WriteString("id", settings.QualifiedSubject ? QualifiedSubject.Of(token.Issuer, token.Subject) : token.Subject);
        json.WriteStartObject("properties");
        json.WriteString("iss", token.Issuer);
        json.WriteStrings("scopes", token.Scopes);
        json.WriteStrings("actors", token.Actors);
        json.WriteStartObject("claims");
        foreach (var claim in settings.Claims)
        {
            if (token.Claims.TryGetProperty(claim, out var value))
            {
                json.WritePropertyName(claim);
                value.WriteTo(json);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Action(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject("action");
        json.WriteString("name", name);
        json.WriteEndObject();
    }

    private static void Resource(Utf8JsonWriter json, PolicySettings settings, in PolicyQuestion question, ReadOnlySpan<byte> arguments)
    {
        json.WriteStartObject("resource");
        json.WriteString("type", question.Type);
        json.WriteString("id", question.Id ?? settings.Resource);
        json.WriteStartObject("properties");
        json.WriteString("server", settings.Server);
        if (!arguments.IsEmpty)
        {
            json.WritePropertyName("arguments");
            json.WriteRawValue(arguments, skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Context(Utf8JsonWriter json, ValidatedToken token, PolicyParameters parameters)
    {
        json.WriteStartObject("context");
        Text(json, "agent", token.ClientId);
        Text(json, "protocol_version", parameters.ProtocolVersion);
        Text(json, "level", parameters.Level);
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
