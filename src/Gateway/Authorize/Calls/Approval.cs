using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gateway.Advertise;
using TokenExchange.AspNetCore.Calls;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace Gateway.Authorize.Calls;

/// <summary>The approval that a token holds of one call.</summary>
/// <param name="Identifier">The identifier that the gateway gave it.</param>
/// <param name="End">When it ends.</param>
internal readonly record struct HeldApproval(string Identifier, DateTimeOffset End);

/// <summary>
/// The approval of one call by the user, at the authorization server: an <c>mcp_call_approval</c> in the token, word for word
/// what the gateway's own refusal asked for. A token to look is none to act, and one approval is one execution.
/// </summary>
/// <remarks>draft-ietf-oauth-rar-metadata-remediation; RFC 9396.</remarks>
internal sealed class Approval
{
    public const string Type = "mcp_call_approval";

    /// <summary>The most of each part that an authorization server is asked to show to the user.</summary>
    private const int MostShown = 4 * 1024;

    private const int Rest = 4;

    /// <summary>What is shown of <c>params</c>: some members each by itself, all others but <c>_meta</c> as one object.</summary>
    private static readonly string[] Shown = ["arguments", "inputResponses", "requestState", "task", "params"];
    private static readonly JsonDocumentOptions Unique = new() { MaxDepth = OperationReader.MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string server;
    private readonly byte[] call;

    private Approval(string server, byte[] call)
    {
        this.server = server;
        this.call = call;
    }

    /// <summary>What approves this call; null when an authorization server could not show it, or two readers could read it differently.</summary>
    public static Approval? Of(string server, Operation operation, ReadOnlyMemory<byte> body)
    {
        var parts = new ReadOnlyMemory<byte>?[Shown.Length];
        Find(body, NamedBy(operation.Method!), parts);
        foreach (var part in parts)
        {
            if (part is { } given && (given.Length > MostShown || !IsOneToAll(given.Span)))
            {
                return null;
            }
        }

        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, Compact);
        json.WriteStartObject();
        json.WriteString("type", Type);
        json.WriteStartArray("locations");
        json.WriteStringValue(server);
        json.WriteEndArray();
        json.WriteString("method", operation.Method);
        if (operation.Name is { } name)
        {
            json.WriteString("name", name);
        }

        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] is { } part)
            {
                json.WritePropertyName(Shown[i]);
                json.WriteRawValue(part.Span, skipInputValidation: true);
            }

            // The digest of the arguments is always there: of no bytes where there are none.
            if (i == 0 || parts[i] is not null)
            {
                json.WriteString(Shown[i] + "_digest", ContentDigest.Of((parts[i] ?? default).Span));
            }
        }

        json.WriteEndObject();
        json.Flush();
        return new Approval(server, buffer.WrittenSpan.ToArray());
    }

    /// <summary>The token's approval of this call; null when it holds none, or more than one.</summary>
    public HeldApproval? In(ValidatedToken token, ApprovalIds ids)
    {
        if (!token.TryFindDetail(Type, out var element, out var count) || count != 1
            || !element.TryGetProperty("identifier", out var value) || value.ValueKind != JsonValueKind.String || value.GetString() is not { } identifier
            || ids.EndOf(identifier, server, token, call) is not { } end)
        {
            return null;
        }

        var expected = JsonElement.Parse(Element(identifier), Unique);
        return JsonValues.AreEqual(element, expected) ? new HeldApproval(identifier, end) : null;
    }

    /// <summary>The refusal that says how to get this call approved.</summary>
    public Refused Ask(ValidatedToken caller, ApprovalIds ids, out string identifier)
    {
        identifier = ids.Create(server, caller, call);
        return new(Refusal.ApprovalRequired) { AuthorizationDetails = $"[{System.Text.Encoding.UTF8.GetString(Element(identifier))}]" };
    }

    /// <summary>How the audit names an approval, from what was asked for to the call that it was good for.</summary>
    public static string DigestOf(string identifier) => Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(identifier)));

    /// <summary>The element with its identifier as the last member.</summary>
    private byte[] Element(string identifier)
    {
        var member = System.Text.Encoding.ASCII.GetBytes($",\"identifier\":\"{identifier}\"}}");
        return [.. call.AsSpan(0, call.Length - 1), .. member];
    }

    /// <summary>
    /// Where the parts stand in <c>params</c>, byte for byte; the body was read as one message before. Whatever nobody here
    /// knows is shown as well: another method, or another server, may look for what it does in any member.
    /// </summary>
    private static void Find(ReadOnlyMemory<byte> body, string? named, ReadOnlyMemory<byte>?[] parts)
    {
        if (!OperationReader.TryEnterParams(body.Span, out var reader))
        {
            return;
        }

        var rest = new ArrayBufferWriter<byte>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var part = Rest;
            for (var i = 0; i < Rest; i++)
            {
                part = reader.ValueTextEquals(Shown[i]) ? i : part;
            }

            // The name is shown already; _meta is how a client asks, and no part of what it asks for.
            var aside = reader.ValueTextEquals("_meta"u8) || (named is not null && reader.ValueTextEquals(named));
            var member = (int)reader.TokenStartIndex;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (part != Rest)
            {
                parts[part] = body[start..(int)reader.BytesConsumed];
            }
            else if (!aside)
            {
                rest.Write(rest.WrittenCount == 0 ? "{"u8 : ","u8);
                rest.Write(body.Span[member..(int)reader.BytesConsumed]);
            }
        }

        if (rest.WrittenCount > 0)
        {
            rest.Write("}"u8);
            parts[Rest] = rest.WrittenMemory;
        }
    }

    /// <summary>The member that holds nothing but the operation's name.</summary>
    private static string? NamedBy(string method) => OperationNames.Of(method) switch
    {
        NameKind.Name => "name",
        NameKind.Uri => "uri",
        NameKind.Task => "taskId",
        _ => null,
    };

    private static bool IsOneToAll(ReadOnlySpan<byte> json)
    {
        try
        {
            // What equals not even itself, no approval could equal.
            var part = JsonElement.Parse(json, Unique);
            return JsonValues.AreEqual(part, part);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
