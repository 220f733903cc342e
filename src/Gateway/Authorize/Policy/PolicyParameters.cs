using System.Text.Json;
using Gateway.Advertise;

namespace Gateway.Authorize.Policy;

/// <summary>
/// What a decision point is told of a message's <c>params</c> besides the name. The message was read as one before; here
/// it is looked at as far as a policy judges by it, and what two readers could read differently is refused.
/// </summary>
internal sealed record PolicyParameters
{
    /// <summary>Of one object: what is remembered to compare them stands in no budget.</summary>
    private const int MostMembers = 16 * 1024;

    /// <summary>Nothing besides the name.</summary>
    public static readonly PolicyParameters None = new();

    /// <summary>The <c>protocolVersion</c> of <c>initialize</c>; null for any other method, and where it is no string.</summary>
    public string? ProtocolVersion { get; private init; }

    /// <summary>The <c>level</c> of <c>logging/setLevel</c>; null for any other method, and where it is no string.</summary>
    public string? Level { get; private init; }

    /// <summary>The bytes of the arguments of a call; empty without any, and where they are not told.</summary>
    public ReadOnlyMemory<byte> Arguments { get; private init; }

    /// <summary>The parameters of an operation, or what is wrong with them.</summary>
    public static PolicyParameters Of(Operation operation, ReadOnlyMemory<byte> body, bool tellArguments, out Refusal? fault)
    {
        fault = null;
        var wanted = operation.Method switch
        {
            "initialize" => "protocolVersion",
            "logging/setLevel" => "level",
            "tools/call" or "prompts/get" when tellArguments => "arguments",
            _ => null,
        };
        return wanted is null ? None : Find(body, wanted, out fault);
    }

    private static PolicyParameters Find(ReadOnlyMemory<byte> body, string wanted, out Refusal? fault)
    {
        fault = null;
        var found = None;
        if (!OperationReader.TryEnterParams(body.Span, out var reader))
        {
            return found;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == wanted)
            {
                found = Take(wanted, ref reader, body, ref fault);
            }
            else if (MemberNames.Fold(name).Equals(wanted, StringComparison.OrdinalIgnoreCase))
            {
                // A server that folds case would take what the policy did not see.
                fault ??= BodyRefusal.Misspelt;
            }

            reader.Skip();
        }

        return found;
    }

    private static PolicyParameters Take(string wanted, ref Utf8JsonReader reader, ReadOnlyMemory<byte> body, ref Refusal? fault)
    {
        if (wanted == "arguments")
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                return None;
            }

            var start = (int)reader.TokenStartIndex;
            var sound = reader.TokenType == JsonTokenType.StartObject;
            sound &= TrySkipUnique(ref reader);
            fault ??= sound ? null : BodyRefusal.Arguments;
            return new() { Arguments = body[start..(int)reader.BytesConsumed] };
        }

        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return wanted == "level" ? new() { Level = text } : new() { ProtocolVersion = text };
    }

    /// <summary>Skips a value; false when an object in it has two members that are one for a reader that folds case, one that some readers take for others, or more than are compared.</summary>
    private static bool TrySkipUnique(ref Utf8JsonReader reader)
    {
        var unique = true;
        var open = new Stack<HashSet<string>?>();
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.StartArray:
                    open.Push(null);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    var (names, folded) = (open.Peek()!, MemberNames.Fold(reader.GetString()!));
                    unique = unique && folded != MemberNames.Parent && names.Count < MostMembers && names.Add(folded);
                    break;
            }
        }
        while (open.Count > 0 && reader.Read());

        return unique;
    }
}
