using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Gateway.Advertise;
using Gateway.Authorize;
using TokenExchange.AspNetCore.Calls;

namespace Gateway.Bridge;

/// <summary>An id, a progress token or the like: where it stands in a message, and what it is compared by.</summary>
internal readonly record struct Reference(Range At, string? Key)
{
    /// <summary>What the id <c>null</c> is compared by.</summary>
    public const string Null = "null";

    public bool IsGiven => Key is not null;
}

/// <summary>
/// One JSON-RPC message as its bytes, and what it names: the ids by which it belongs to a request or a stream. Whatever
/// two readers could take for two different messages is none.
/// </summary>
internal sealed class Message
{
    /// <summary>What <c>_meta</c> calls the request that opened a subscription (MCP 2026-07-28).</summary>
    public const string SubscriptionKey = "io.modelcontextprotocol/subscriptionId";

    private const string VersionKey = "io.modelcontextprotocol/protocolVersion";
    private const string CapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
    private const int MaxDepth = 256;
    private const string SubscriptionFolded = "io.modelcontextprotocol/subscriptionid";

    private string? name;
    private string? uri;
    private string? task;
    private bool hasCapabilities;

    /// <summary>The message as one line without its end.</summary>
    public required ReadOnlyMemory<byte> Line { get; init; }

    public MessageKind Kind { get; private set; }

    public string? Method { get; private set; }

    public Reference Id { get; private set; }

    /// <summary>The token under which a request wants to hear of its progress.</summary>
    public Reference WantedProgress { get; private set; }

    /// <summary>What a progress notification is about.</summary>
    public Reference ProgressToken { get; private set; }

    /// <summary>The request that a cancellation is about.</summary>
    public Reference RequestId { get; private set; }

    /// <summary>The subscription that a notification or a result belongs to.</summary>
    public Reference Subscription { get; private set; }

    /// <summary>
    /// Whether its parameters name what another message began: a request, progress or a subscription. Notifications do; a
    /// request has no cause to, nor to want to hear of its progress under what is no token.
    /// </summary>
    public bool NamesAnother { get; private set; }

    /// <summary>The code of an error; null without one.</summary>
    public int? ErrorCode { get; private set; }

    /// <summary>What <c>_meta</c> says is the protocol version; null when it says nothing.</summary>
    public string? ProtocolVersion { get; private set; }

    /// <summary>Whether <c>_meta</c> holds what every request of the revisions without sessions must say.</summary>
    public bool IsSelfContained => ProtocolVersion is not null && hasCapabilities;

    /// <summary>The operation as MCP's headers mirror it.</summary>
    public Operation Operation => new(Kind, Method, Method is { } method && MethodNames.IsMirrored(method) ? NameOf(method) : null, ProtocolVersion);

    /// <summary>Reads exactly one JSON object that is a JSON-RPC message; null for anything else.</summary>
    public static Message? Read(ReadOnlyMemory<byte> json) => Read(json, out _);

    /// <summary>The same; <paramref name="isJson"/> tells what is no message from what is not even JSON.</summary>
    public static Message? Read(ReadOnlyMemory<byte> json, out bool isJson)
    {
        isJson = false;
        if (!Utf8.IsValid(json.Span))
        {
            return null;
        }

        try
        {
            // Of the line and not of what came: that is where the references have to be right.
            var check = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
            var isObject = check.Read() && check.TokenType == JsonTokenType.StartObject;
            while (check.Read())
            {
            }

            isJson = true;
            if (!isObject)
            {
                return null;
            }

            var message = new Message { Line = Framing.OneLine(json) };
            var reader = new Utf8JsonReader(message.Line.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            return message.ReadRoot(ref reader) && message.Kind != MessageKind.None ? message : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a lone surrogate in an escaped name or id.
            return null;
        }
    }

    private string? NameOf(string method) => MethodNames.Of(method) switch
    {
        NameKind.Name => name,
        NameKind.Uri => uri,
        NameKind.Task => task,
        _ => null,
    };

    private bool ReadRoot(ref Utf8JsonReader reader)
    {
        var members = default(MemberNames);
        var (answers, hasMethod, hasId) = (0, false, false);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (!Fits(ref members, ref reader, out var member))
            {
                return false;
            }

            reader.Read();
            switch (member)
            {
                case "id":
                    hasId = true;
                    Id = ReferenceOf(ref reader);
                    break;
                case "method":
                    hasMethod = true;
                    Method = Text(ref reader);
                    break;
                case "params" or "result" when reader.TokenType == JsonTokenType.StartObject:
                    answers += member == "result" ? 1 : 0;
                    if (!ReadBody(ref reader, isResult: member == "result"))
                    {
                        return false;
                    }

                    break;
                case "result":
                    answers++;
                    break;
                case "error":
                    answers++;
                    ReadError(ref reader);
                    break;
            }

            reader.Skip();
        }

        Kind = hasId && !Id.IsGiven ? MessageKind.None
            : hasMethod
            ? Method is null || answers > 0 ? MessageKind.None : Id.IsGiven ? MessageKind.Request : MessageKind.Notification
            : answers == 1 ? MessageKind.Response : MessageKind.None;
        return true;
    }

    private bool ReadBody(ref Utf8JsonReader reader, bool isResult)
    {
        var members = default(MemberNames);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            // The names within a result are the server's own affair, but for _meta.
            var fits = Fits(ref members, ref reader, out var member);
            if (isResult ? !fits && MemberNames.Fold(member) == "_meta" : !fits || IsMisspelt(member, "progressToken") || IsMisspelt(member, "requestId"))
            {
                return false;
            }

            reader.Read();
            switch (member)
            {
                case "_meta" when reader.TokenType == JsonTokenType.StartObject:
                    if (!ReadMeta(ref reader, isResult))
                    {
                        return false;
                    }

                    break;
                case "name" when !isResult:
                    name = Text(ref reader);
                    break;
                case "uri" when !isResult:
                    uri = Text(ref reader);
                    break;
                case "taskId" when !isResult:
                    task = Text(ref reader);
                    break;
                case "progressToken" when !isResult:
                    ProgressToken = ReferenceOf(ref reader);
                    NamesAnother = true;
                    break;
                case "requestId" when !isResult:
                    RequestId = ReferenceOf(ref reader);
                    NamesAnother = true;
                    break;
            }

            reader.Skip();
        }

        return true;
    }

    private bool ReadMeta(ref Utf8JsonReader reader, bool isResult)
    {
        var members = default(MemberNames);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            // Of a result's names, those alone that say what it belongs to.
            var fits = Fits(ref members, ref reader, out var member);
            var folded = MemberNames.Fold(member);
            if ((!fits && (!isResult || folded is SubscriptionFolded or MemberNames.Parent))
                || IsMisspelt(member, SubscriptionKey) || (!isResult && IsMisspelt(member, "progressToken")))
            {
                return false;
            }

            reader.Read();
            if (member == VersionKey)
            {
                // What is no text is no version that a header could agree with, and is one all the same.
                ProtocolVersion = Text(ref reader) ?? "";
            }
            else if (member == CapabilitiesKey)
            {
                hasCapabilities = reader.TokenType == JsonTokenType.StartObject;
            }
            else if (member == SubscriptionKey)
            {
                Subscription = ReferenceOf(ref reader);
                NamesAnother = true;
            }
            else if (member == "progressToken")
            {
                // A reader that takes true for 1 would take it for another's.
                WantedProgress = ReferenceOf(ref reader);
                NamesAnother |= !WantedProgress.IsGiven;
            }

            reader.Skip();
        }

        return true;
    }

    private void ReadError(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            reader.Read();
            if (isCode && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var code))
            {
                ErrorCode = code;
            }

            reader.Skip();
        }
    }

    /// <summary>A name that begins with a NUL is none to a reader in C, and passes as it is; one that holds a NUL is another name there.</summary>
    private static bool Fits(ref MemberNames members, ref Utf8JsonReader reader, out string member) =>
        members.Add(ref reader, out member) is not { } unfit || (unfit == BodyRefusal.Nul && member[0] == '\0');

    /// <summary>A name that only a server which folds case would take for that one of ours.</summary>
    private static bool IsMisspelt(string member, string own) => member != own && MemberNames.Fold(member) == MemberNames.Fold(own);

    private static string? Text(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? reader.GetString() : null;

    private static Reference ReferenceOf(ref Utf8JsonReader reader)
    {
        var at = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
        return reader.TokenType switch
        {
            JsonTokenType.String => new Reference(at, "s" + reader.GetString()),
            JsonTokenType.Null => new Reference(at, Reference.Null),
            JsonTokenType.Number => new Reference(at, "n" + NumberOf(ref reader)),
            _ => default,
        };
    }

    /// <summary>Readers give 1.0 back as 1, and 0.10 as 0.1, so that numbers are compared by their value.</summary>
    private static string NumberOf(ref Utf8JsonReader reader)
    {
        if (reader.TryGetInt64(out var whole))
        {
            return whole.ToString(CultureInfo.InvariantCulture);
        }

        // A negative zero is no other number.
        return reader.TryGetDouble(out var number) && double.IsFinite(number)
            ? (number + 0.0).ToString(CultureInfo.InvariantCulture)
            : System.Text.Encoding.ASCII.GetString(reader.ValueSpan);
    }
}
