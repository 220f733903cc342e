using Gateway.Observe;
using System.Text.Json;
using Gateway.Authorize;
using TokenExchange.Inbound;

namespace Gateway.Forward;

/// <summary>
/// Takes the tools out of a list that the server's rules would refuse this caller anyway, and leaves every other byte
/// as it is. A message that cannot be read is no list that may pass.
/// </summary>
internal sealed class ToolListFilter(OperationRules rules, ScopeSet effective)
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = OperationReader.MaxDepth };

    /// <summary>The message without the hidden tools; null when it has none. Throws <see cref="IOException"/> when it is unreadable.</summary>
    public byte[]? Without(ReadOnlySpan<byte> message)
    {
        message = message.StartsWith("\uFEFF"u8) ? message[3..] : message;
        if (message.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            // An event that only carries an id, for one.
            return null;
        }

        var cuts = new List<Range>();
        try
        {
            var reader = new Utf8JsonReader(message, Options);
            reader.Read();
            ReadMessages(ref reader, cuts);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new MalformedAnswerException("The MCP server sent a list that cannot be read.");
        }

        return cuts.Count == 0 ? null : Cut(message, cuts);
    }

    /// <summary>A message, or an array of them, as servers of 2025-03-26 may send; an array in an array changes nothing, and nobody's stack.</summary>
    private void ReadMessages(ref Utf8JsonReader reader, List<Range> cuts)
    {
        do
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMember(ref reader, cuts, "result"u8, static (ref Utf8JsonReader result, List<Range> found, ToolListFilter filter) =>
                    filter.ReadMember(ref result, found, "tools"u8, static (ref Utf8JsonReader tools, List<Range> list, ToolListFilter self) => self.ReadTools(ref tools, list)));
            }
        }
        while (reader.Read());
    }

    private delegate void ReadValue(ref Utf8JsonReader reader, List<Range> cuts, ToolListFilter filter);

    /// <summary>Reads the members of this name in an object, however often they come; skips any other value.</summary>
    private void ReadMember(ref Utf8JsonReader reader, List<Range> cuts, ReadOnlySpan<byte> name, ReadValue read)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var wanted = reader.ValueTextEquals(name);
            reader.Read();
            if (wanted)
            {
                read(ref reader, cuts, this);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadTools(ref Utf8JsonReader reader, List<Range> cuts)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var kept = false;
        var before = 0;
        var opened = -1;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            if (opened >= 0)
            {
                // Nothing was kept so far: what was hidden goes with the comma behind it.
                cuts.Add(opened..start);
                opened = -1;
            }

            var hidden = IsHidden(ref reader);
            var end = (int)reader.BytesConsumed;
            if (hidden && kept)
            {
                cuts.Add(before..end);
            }
            else if (hidden)
            {
                opened = start;
            }

            kept |= !hidden;
            before = end;
        }

        if (opened >= 0)
        {
            cuts.Add(opened..before);
        }
    }

    private bool IsHidden(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var named = false;
        var hidden = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isName = reader.ValueTextEquals("name"u8);
            reader.Read();
            if (isName)
            {
                named = true;
                hidden |= Refuses(reader.TokenType == JsonTokenType.String ? reader.GetString() : null);
            }

            reader.Skip();
        }

        return hidden || (!named && Refuses(null));
    }

    private bool Refuses(string? tool)
    {
        var verdict = rules.Of(new Operation(MessageKind.Request, "tools/call", tool));
        return verdict.Denied || !verdict.Scopes.IsSubsetOf(effective);
    }

    private static byte[] Cut(ReadOnlySpan<byte> message, List<Range> cuts)
    {
        var result = new byte[message.Length - cuts.Sum(cut => cut.End.Value - cut.Start.Value)];
        int from = 0, to = 0;
        foreach (var cut in cuts)
        {
            message[from..cut.Start.Value].CopyTo(result.AsSpan(to));
            to += cut.Start.Value - from;
            from = cut.End.Value;
        }

        message[from..].CopyTo(result.AsSpan(to));
        return result;
    }
}
