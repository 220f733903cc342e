using System.Text.Json;
using System.Text.Unicode;
using Gateway.Advertise;
using TokenExchange.Jose;

namespace Gateway.Authorize;

/// <summary>
/// Reads one JSON-RPC message and refuses whatever a server could read differently: batches, invalid UTF-8, strings that
/// are no text, members that are duplicates to a reader that folds case, a NUL where a reader in C stops, and the protocol's
/// own members in another spelling. Of values deeper than <c>params._meta</c> and what names the operation only the syntax is
/// checked, and that strings are text: whoever reads them later, where a token may be used up already, must not fail there.
/// </summary>
/// <remarks>JSON-RPC 2.0 §4, §5; MCP 2025-06-18 (no batches).</remarks>
internal static class OperationReader
{
    /// <summary>How deep the JSON of a message may nest, in either direction.</summary>
    public const int MaxDepth = 128;

    /// <summary>Stands a reader at the beginning of the <c>params</c> of a message that was read as one before; false where they are no object.</summary>
    public static bool TryEnterParams(ReadOnlySpan<byte> message, out Utf8JsonReader reader)
    {
        reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isParams = reader.ValueTextEquals("params"u8);
            reader.Read();
            if (isParams)
            {
                return reader.TokenType == JsonTokenType.StartObject;
            }

            reader.Skip();
        }

        return false;
    }

    /// <summary>
    /// The operation in <paramref name="body"/>, or the refusal. <paramref name="id"/> is where the id of the request
    /// stands, also of a refused one when it could be told; empty otherwise.
    /// </summary>
    public static Operation? Read(ReadOnlySpan<byte> body, out Refusal? refusal, out Range id)
    {
        id = default;
        if (body.IsEmpty || !Utf8.IsValid(body))
        {
            refusal = body.IsEmpty ? BodyRefusal.Empty : BodyRefusal.NotUtf8;
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                // Read to the end, so that what is no JSON at all is told apart from what is no message.
                refusal = reader.TokenType == JsonTokenType.StartArray ? BodyRefusal.Batch : BodyRefusal.NotAnObject;
                reader.Skip();
                while (reader.Read())
                {
                }

                return null;
            }

            var message = default(OperationMessage);
            message.ReadRoot(ref reader);
            reader.Read();
            id = message.RequestId;
            if (SurrogatePairs.AreWhole(body))
            {
                return message.ToOperation(out refusal);
            }

            // An id that is no text itself is not given back either.
            id = SurrogatePairs.AreWhole(body[id]) ? id : default;
            refusal = BodyRefusal.NotText;
            return null;
        }
        catch (InvalidOperationException)
        {
            // What has to be read to tell the operation is no text.
            refusal = BodyRefusal.NotText;
            return null;
        }
        catch (JsonException)
        {
            refusal = IsTooDeep(body) ? BodyRefusal.TooDeep : BodyRefusal.NotJson;
            return null;
        }
    }

    /// <summary>Whether it is the nesting alone that the reader did not take. The reader's own text is not asked: it repeats what it read.</summary>
    private static bool IsTooDeep(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= MaxDepth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // Something else is wrong with it, and before it went too deep.
        }

        return false;
    }
}
