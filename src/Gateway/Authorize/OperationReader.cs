using System.Text.Json;
using System.Text.Unicode;
using Gateway.Advertise;

namespace Gateway.Authorize;

/// <summary>
/// Reads one JSON-RPC message and refuses whatever a server could read differently: batches, invalid UTF-8, members
/// that are duplicates to a reader that folds case or stops at NUL, and the protocol's own members in another spelling.
/// Values deeper than <c>params._meta</c> are checked for syntax alone.
/// </summary>
/// <remarks>JSON-RPC 2.0 §4, §5; MCP 2025-06-18 (no batches).</remarks>
internal static class OperationReader
{
    /// <summary>How deep the JSON of a message may nest, in either direction.</summary>
    public const int MaxDepth = 128;
    private const string ProtocolVersionKey = "io.modelcontextprotocol/protocolVersion";

    /// <summary>
    /// The operation in <paramref name="body"/>, or the refusal. <paramref name="id"/> is where the id of the request
    /// stands, also of a refused one when it could be told; empty otherwise.
    /// </summary>
    public static Operation? Read(ReadOnlySpan<byte> body, out Refusal? refusal, out Range id)
    {
        refusal = null;
        id = default;
        if (!Utf8.IsValid(body))
        {
            refusal = Refusal.BodyNotJson;
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                // Read to the end, so that what is no JSON at all is told apart from what is no message.
                reader.Skip();
                while (reader.Read())
                {
                }

                refusal = Refusal.BodyNotOneMessage;
                return null;
            }

            var message = default(Message);
            var wellFormed = message.ReadRoot(ref reader);
            reader.Read();
            id = message.RequestId;
            refusal = wellFormed ? null : Refusal.BodyMembers;
            return refusal is null ? message.ToOperation(out refusal) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a lone surrogate in an escaped name.
            refusal = Refusal.BodyNotJson;
            return null;
        }
    }

    /// <summary>What the three levels of a message hold, as far as it matters here.</summary>
    private struct Message
    {
        private bool versioned;
        private JsonTokenType id;
        private JsonTokenType result;
        private JsonTokenType error;
        private JsonTokenType parameters;
        private JsonTokenType methodType;
        private JsonTokenType nameType;
        private JsonTokenType uriType;
        private JsonTokenType taskType;
        private string? method;
        private string? name;
        private string? uri;
        private string? task;
        private string? protocolVersion;
        private bool protocolVersionMistyped;
        private Range idRange;
        private bool idAmbiguous;

        /// <summary>Where a request's id stands: a string or a number that no second member contradicts.</summary>
        public readonly Range RequestId =>
            methodType != JsonTokenType.None && !idAmbiguous && id is (JsonTokenType.String or JsonTokenType.Number) ? idRange : default;

        public bool ReadRoot(ref Utf8JsonReader reader)
        {
            var members = default(MemberNames);
            var wellFormed = true;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var fits = members.Add(ref reader, out var member);
                reader.Read();
                switch (member)
                {
                    case "jsonrpc":
                        versioned = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("2.0"u8);
                        break;
                    case "id":
                        id = reader.TokenType;
                        idRange = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
                        break;
                    case "method":
                        methodType = reader.TokenType;
                        method = Text(ref reader);
                        break;
                    case "result":
                        result = reader.TokenType;
                        break;
                    case "error":
                        error = reader.TokenType;
                        break;
                    case "params" when reader.TokenType == JsonTokenType.StartObject:
                        parameters = JsonTokenType.StartObject;
                        fits &= ReadParams(ref reader);
                        break;
                    case "params":
                        parameters = reader.TokenType;
                        break;
                }

                reader.Skip();
                wellFormed &= fits;
                idAmbiguous |= !fits && MemberNames.Fold(member) == "id";
            }

            return wellFormed;
        }

        public readonly Operation? ToOperation(out Refusal? refusal)
        {
            refusal = null;
            if (!versioned || protocolVersionMistyped || parameters is not (JsonTokenType.None or JsonTokenType.StartObject))
            {
                refusal = Refusal.BodyNotOneMessage;
                return null;
            }

            if (methodType != JsonTokenType.None)
            {
                var answer = result != JsonTokenType.None || error != JsonTokenType.None;
                if (string.IsNullOrEmpty(method) || answer || id is not (JsonTokenType.None or JsonTokenType.String or JsonTokenType.Number) || !Named(out var operationName))
                {
                    refusal = Refusal.BodyNotOneMessage;
                    return null;
                }

                return new Operation(id == JsonTokenType.None ? MessageKind.Notification : MessageKind.Request, method, operationName, protocolVersion);
            }

            var answers = (result != JsonTokenType.None) ^ (error != JsonTokenType.None);
            if (!answers || id is not (JsonTokenType.String or JsonTokenType.Number) && !(id == JsonTokenType.Null && error != JsonTokenType.None))
            {
                refusal = Refusal.BodyNotOneMessage;
                return null;
            }

            return new Operation(MessageKind.Response);
        }

        /// <summary>The name that rules and the <c>Mcp-Name</c> header speak of; false when it is no string, which a lenient server might coerce.</summary>
        private readonly bool Named(out string? operationName)
        {
            operationName = null;
            if (method is "tools/call" or "prompts/get")
            {
                operationName = name;
                return nameType is JsonTokenType.None or JsonTokenType.String;
            }

            if (method is "tasks/get" or "tasks/update" or "tasks/cancel")
            {
                operationName = task;
                return taskType is JsonTokenType.None or JsonTokenType.String;
            }

            if (method is "resources/read" or "resources/subscribe" or "resources/unsubscribe")
            {
                operationName = uri;
                return uriType is JsonTokenType.None or JsonTokenType.String;
            }

            return true;
        }

        private bool ReadParams(ref Utf8JsonReader reader)
        {
            var members = default(MemberNames);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var fits = members.Add(ref reader, out var member);
                reader.Read();
                switch (member)
                {
                    case "name":
                        nameType = reader.TokenType;
                        name = Text(ref reader);
                        break;
                    case "uri":
                        uriType = reader.TokenType;
                        uri = Text(ref reader);
                        break;
                    case "taskId":
                        taskType = reader.TokenType;
                        task = Text(ref reader);
                        break;
                    case "_meta" when reader.TokenType == JsonTokenType.StartObject:
                        fits &= ReadMeta(ref reader);
                        break;
                }

                reader.Skip();
                if (!fits)
                {
                    return SkipRest(ref reader);
                }
            }

            return true;
        }

        private bool ReadMeta(ref Utf8JsonReader reader)
        {
            var members = default(MemberNames);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var fits = members.Add(ref reader, out var member);
                reader.Read();
                if (member == ProtocolVersionKey)
                {
                    protocolVersion = Text(ref reader);
                    protocolVersionMistyped = reader.TokenType != JsonTokenType.String;
                }

                reader.Skip();
                if (!fits)
                {
                    return SkipRest(ref reader);
                }
            }

            return true;
        }

        private static string? Text(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? reader.GetString() : null;

        /// <summary>Reads to the end of the object, so that a syntax error still counts as one.</summary>
        private static bool SkipRest(ref Utf8JsonReader reader)
        {
            var depth = reader.CurrentDepth;
            while (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth >= depth)
            {
                if (!reader.Read())
                {
                    break;
                }
            }

            return false;
        }
    }
}
