using System.Text.Json;
using Gateway.Advertise;
using TokenExchange.AspNetCore.Calls;

namespace Gateway.Authorize;

/// <summary>What the levels of a JSON-RPC message hold, as far as an operation is told by it, and the first fault that was found.</summary>
internal struct OperationMessage
{
    private const string ProtocolVersionKey = "io.modelcontextprotocol/protocolVersion";
    private static readonly string[] AnswerMembers = ["result", "error"];
    private static readonly string[] MetaMembers = [ProtocolVersionKey];
    private Refusal? fault;
    private bool versioned;
    private JsonTokenType id;
    private JsonTokenType result;
    private JsonTokenType error;
    private JsonTokenType parameters;
    private JsonTokenType methodType;
    private Text method;
    private Text name;
    private Text uri;
    private Text task;
    private OperationReference reference;
    private OperationSubscriptions subscriptions;
    private string? protocolVersion;
    private Range idRange;
    private bool idAmbiguous;

    /// <summary>Where a request's id stands: a string or a number that no second member contradicts.</summary>
    public readonly Range RequestId =>
        methodType != JsonTokenType.None && !idAmbiguous && id is (JsonTokenType.String or JsonTokenType.Number) ? idRange : default;

    /// <summary>Reads the object that the reader stands at to its end, whatever is wrong with it, so that a syntax error still counts as one.</summary>
    public void ReadRoot(ref Utf8JsonReader reader)
    {
        var members = new MemberNames(AnswerMembers);
        while (members.Next(ref reader, ref fault, out var member, out var fits))
        {
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
                    method.Read(ref reader, ref fault);
                    break;
                case "result":
                    result = reader.TokenType;
                    break;
                case "error":
                    error = reader.TokenType;
                    break;
                case "params":
                    parameters = reader.TokenType;
                    if (reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadParams(ref reader);
                    }

                    break;
            }

            reader.Skip();
            idAmbiguous |= !fits && MemberNames.Fold(member) == "id";
        }
    }

    /// <summary>The operation, or what is wrong with the message.</summary>
    public readonly Operation? ToOperation(out Refusal? refusal)
    {
        refusal = fault
            ?? (!versioned ? BodyRefusal.Version : null)
            ?? (parameters is JsonTokenType.None or JsonTokenType.StartObject ? null : BodyRefusal.ParamsType);
        if (refusal is not null)
        {
            return null;
        }

        refusal = methodType == JsonTokenType.None ? AnswerFault : RequestFault;
        if (refusal is not null)
        {
            return null;
        }

        if (methodType == JsonTokenType.None)
        {
            return new Operation(MessageKind.Response);
        }

        var (named, isUri) = NameOf(method.Value!);
        var kind = id == JsonTokenType.None ? MessageKind.Notification : MessageKind.Request;
        var operation = new Operation(kind, method.Value, named, protocolVersion, isUri);
        return method.Value == OperationNames.Listen && !subscriptions.All.IsEmpty ? operation with { Subscriptions = subscriptions.All } : operation;
    }

    private readonly Refusal? AnswerFault => (result, error) switch
    {
        (JsonTokenType.None, JsonTokenType.None) => BodyRefusal.NeitherRequestNorAnswer,
        (not JsonTokenType.None, not JsonTokenType.None) => BodyRefusal.TwoAnswers,
        _ when id is JsonTokenType.String or JsonTokenType.Number || (id == JsonTokenType.Null && error != JsonTokenType.None) => null,
        _ => BodyRefusal.AnswerToNothing,
    };

    private readonly Refusal? RequestFault =>
        string.IsNullOrEmpty(method.Value) ? BodyRefusal.MethodType
        : result != JsonTokenType.None || error != JsonTokenType.None ? BodyRefusal.RequestAndAnswer
        : id is not (JsonTokenType.None or JsonTokenType.String or JsonTokenType.Number) ? BodyRefusal.IdType
        : OperationNames.Of(method.Value) switch
        {
            // A lenient server might make a string of it.
            NameKind.Name => name.IsMistyped ? BodyRefusal.NameType : null,
            NameKind.Uri => uri.IsMistyped ? BodyRefusal.NameType : null,
            NameKind.Task => task.IsMistyped ? BodyRefusal.NameType : null,
            NameKind.Reference => reference.Fault,
            _ => method.Value == OperationNames.Listen ? subscriptions.Fault : null,
        };

    private readonly (string? Name, bool IsUri) NameOf(string named) => OperationNames.Of(named) switch
    {
        NameKind.Name => (name.Value, false),
        NameKind.Uri => (uri.Value, true),
        NameKind.Task => (task.Value, false),
        NameKind.Reference => (reference.Value, reference.IsUri),
        _ => (null, false),
    };

    private void ReadParams(ref Utf8JsonReader reader)
    {
        var members = default(MemberNames);
        while (members.Next(ref reader, ref fault, out var member))
        {
            switch (member)
            {
                case "name":
                    name.Read(ref reader, ref fault);
                    break;
                case "uri":
                    uri.Read(ref reader, ref fault);
                    break;
                case "taskId":
                    task.Read(ref reader, ref fault);
                    break;
                case "ref":
                    reference.Read(ref reader, ref fault);
                    break;
                case "_meta" when reader.TokenType == JsonTokenType.StartObject:
                    ReadMeta(ref reader);
                    break;
                default:
                    subscriptions.ReadIfNamed(member, ref reader);
                    break;
            }

            reader.Skip();
        }
    }

    private void ReadMeta(ref Utf8JsonReader reader)
    {
        var members = new MemberNames(MetaMembers);
        while (members.Next(ref reader, ref fault, out var member))
        {
            if (member == ProtocolVersionKey)
            {
                protocolVersion = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                fault ??= protocolVersion is null ? BodyRefusal.ProtocolVersionType : null;
            }

            reader.Skip();
        }
    }

    /// <summary>A member that should be a string.</summary>
    internal struct Text
    {
        private JsonTokenType type;

        /// <summary>The string; null for anything else, and without the member.</summary>
        public string? Value { get; private set; }

        /// <summary>Whether it is there and no string.</summary>
        public readonly bool IsMistyped => type is not (JsonTokenType.None or JsonTokenType.String);

        public readonly bool IsGiven => type != JsonTokenType.None;

        public void Read(ref Utf8JsonReader reader, ref Refusal? fault)
        {
            type = reader.TokenType;
            Value = type == JsonTokenType.String ? reader.GetString() : null;
            if (Value is not null && Value.Contains('\0', StringComparison.Ordinal))
            {
                fault ??= BodyRefusal.Nul;
            }
        }
    }
}
