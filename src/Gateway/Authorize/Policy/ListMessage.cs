using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Gateway.Authorize.Policy;

/// <summary>
/// One message of an MCP server that holds lists: where they stand, and what stands around them. Members are found as the most
/// careless reader would find them, in any case: what one reader takes for a list is none to pass over because another does not.
/// </summary>
internal sealed class ListMessage
{
    private static readonly byte[] Private = "\"private\""u8.ToArray();
    private static readonly byte[] PrivateMember = "\"cacheScope\":\"private\","u8.ToArray();

    /// <summary>The whole message.</summary>
    public required Range Whole { get; init; }

    /// <summary>The id of the request that it answers; empty without one.</summary>
    public required Range Id { get; init; }

    public required IReadOnlyList<ListedEntries> Lists { get; init; }

    /// <summary>For each result with a list, where its members begin.</summary>
    public required IReadOnlyList<int> Results { get; init; }

    /// <summary>The values that say for whom a list may be cached.</summary>
    public required IReadOnlyList<Range> CacheScopes { get; init; }

    /// <summary>What makes the lists that are left the caller's own: a shared cache would show them to others.</summary>
    public IEnumerable<(Range At, byte[] By)> MadePrivate => [.. CacheScopes.Select(value => (value, Private)), .. Results.Select(start => (start..start, PrivateMember))];

    /// <summary>The messages with lists in them, in an array as servers of 2025-03-26 may send them, too. Throws what the reader throws.</summary>
    /// <param name="bytes">A message, or several.</param>
    /// <param name="only">The one list that is looked for; null: all of them.</param>
    public static List<ListMessage> Read(ReadOnlySpan<byte> bytes, string? only = null)
    {
        var found = new List<ListMessage>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = OperationReader.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartObject && new Reading(only).Message(ref reader) is { } message)
            {
                found.Add(message);
            }
        }

        return found;
    }

    /// <summary>The same message with other bytes in some places.</summary>
    public static byte[] With(ReadOnlySpan<byte> message, IEnumerable<(Range At, byte[] By)> edits)
    {
        var result = new ArrayBufferWriter<byte>(message.Length + 64);
        var from = 0;
        foreach (var (at, by) in edits.OrderBy(edit => edit.At.Start.Value))
        {
            result.Write(message[from..at.Start.Value]);
            result.Write(by);
            from = at.End.Value;
        }

        result.Write(message[from..]);
        return result.WrittenSpan.ToArray();
    }

    private sealed class Reading(string? only)
    {
        private readonly List<ListedEntries> lists = [];
        private readonly List<int> results = [];
        private readonly List<Range> scopes = [];

        public ListMessage? Message(ref Utf8JsonReader reader)
        {
            var start = (int)reader.TokenStartIndex;
            Range id = default;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var (isId, isResult) = (reader.ValueTextEquals("id"u8), Is(ref reader, "result"));
                reader.Read();
                if (isId)
                {
                    id = reader.TokenType is JsonTokenType.String or JsonTokenType.Number ? (int)reader.TokenStartIndex..(int)reader.BytesConsumed : default;
                }

                if (isResult && reader.TokenType == JsonTokenType.StartObject)
                {
                    Result(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }

            return lists.Count == 0 ? null : new ListMessage { Whole = start..(int)reader.BytesConsumed, Id = id, Lists = lists, Results = results, CacheScopes = scopes };
        }

        private void Result(ref Utf8JsonReader reader)
        {
            var start = (int)reader.BytesConsumed;
            var before = lists.Count;
            var said = new List<Range>();
            var isSaid = false;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var (list, name) = ListOf(ref reader);
                var isScope = Is(ref reader, "cacheScope");
                isSaid |= reader.ValueTextEquals("cacheScope"u8);
                reader.Read();
                if (list is not null && reader.TokenType == JsonTokenType.StartArray)
                {
                    Entries(ref reader, list, name!);
                    lists.Add(list);
                    continue;
                }

                var from = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isScope)
                {
                    said.Add(from..(int)reader.BytesConsumed);
                }
            }

            if (lists.Count == before)
            {
                return;
            }

            scopes.AddRange(said);
            if (!isSaid)
            {
                results.Add(start);
            }
        }

        private (ListedEntries? List, string? Name) ListOf(ref Utf8JsonReader reader) =>
            only is not null && !Is(ref reader, only) ? (null, null)
            : Is(ref reader, "tools") ? (new(PolicyQuestion.Calls), "name")
            : Is(ref reader, "prompts") ? (new(PolicyQuestion.Gets), "name")
            : Is(ref reader, "resources") ? (new(PolicyQuestion.Reads), "uri")
            : Is(ref reader, "resourceTemplates") ? (new(PolicyQuestion.Reads), "uriTemplate")
            : (null, null);

        /// <summary>Whether a reader that ignores case takes the member that the reader stands at for that one. Names as servers have them are folded nowhere.</summary>
        private static bool Is(ref Utf8JsonReader reader, string name) =>
            !reader.ValueIsEscaped && Ascii.IsValid(reader.ValueSpan)
                ? Ascii.EqualsIgnoreCase(reader.ValueSpan, name)
                : MemberNames.Fold(reader.GetString()!) == MemberNames.Fold(name);

        private static void Entries(ref Utf8JsonReader reader, ListedEntries list, string named)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                var name = NameOf(ref reader, named);
                list.Entries.Add((name, start..(int)reader.BytesConsumed));
            }
        }

        private static string? NameOf(ref Utf8JsonReader reader, string named)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                return null;
            }

            var (name, names) = ((string?)null, 0);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var isName = reader.ValueTextEquals(named);
                names += Is(ref reader, named) ? 1 : 0;
                reader.Read();
                if (isName)
                {
                    name = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                }

                reader.Skip();
            }

            return names == 1 ? name : null;
        }
    }
}
