using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.Configuration.Read;

/// <summary>Reads gateway.json into a tree and notes the line and column of every key. Refuses what is not JSON, and duplicate keys.</summary>
internal static class FileReader
{
    private static readonly JsonReaderOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Whether the tree was read to its end; what is wrong with it is among its problems.</summary>
    public static bool Read(ReadOnlySpan<byte> file, ConfigurationTree tree)
    {
        if (Unreadable(file) is { } unreadable)
        {
            tree.Problems.Add(new ConfigurationProblem("syntax", "", unreadable, 1, 1));
            return false;
        }

        var text = file.StartsWith("\uFEFF"u8) ? file[3..] : file;
        var reader = new Utf8JsonReader(text, Options);
        var place = new Place();
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                tree.Report("syntax", "", "The file must hold one JSON object.");
                return false;
            }

            tree.Root = ReadObject(ref reader, text, ref place, tree, "");
            reader.Read();
            return true;
        }
        catch (JsonException error)
        {
            var line = (int)(error.LineNumber ?? 0);
            var column = ColumnOf(text, LineStart(text, line), (int)(error.BytePositionInLine ?? 0));
            tree.Problems.Add(new ConfigurationProblem("syntax", "", $"This is not JSON: {Reason(error)}", line + 1, column));
            return false;
        }
        catch (InvalidOperationException)
        {
            // The reader's answer to names and strings that are no Unicode text.
            var (line, column) = place.MoveTo(text, (int)reader.TokenStartIndex);
            tree.Problems.Add(new ConfigurationProblem("syntax", "", "This string is not valid Unicode text.", line, column));
            return false;
        }
    }

    /// <summary>What editors and failed writes make of a file, which the reader would tell in its own terms.</summary>
    private static string? Unreadable(ReadOnlySpan<byte> file) =>
        file is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] ? "The file is UTF-16; save it as UTF-8."
        : file.Trim(" \t\r\n"u8).IsEmpty ? "The file is empty; it must hold one JSON object."
        : null;

    private static JsonObject ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, ref Place place, ConfigurationTree tree, string key)
    {
        var members = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (line, column) = place.MoveTo(text, (int)reader.TokenStartIndex);
            var name = reader.GetString()!;
            var path = ConfigurationTree.Join(key, name);
            reader.Read();
            if (members.ContainsKey(name))
            {
                tree.Problems.Add(new ConfigurationProblem("syntax", path, $"'{name}' is given twice here; keep one.", line, column));
                ReadValue(ref reader, text, ref place, tree, path);
                continue;
            }

            tree.Locate(path, line, column);
            members.Add(name, ReadValue(ref reader, text, ref place, tree, path));
        }

        return members;
    }

    private static JsonArray ReadArray(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, ref Place place, ConfigurationTree tree, string key)
    {
        var elements = new JsonArray();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var (line, column) = place.MoveTo(text, (int)reader.TokenStartIndex);
            var path = ConfigurationTree.Join(key, $"{elements.Count}");
            tree.Locate(path, line, column);
            elements.Add(ReadValue(ref reader, text, ref place, tree, path));
        }

        return elements;
    }

    private static JsonNode? ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, ref Place place, ConfigurationTree tree, string key) => reader.TokenType switch
    {
        JsonTokenType.StartObject => ReadObject(ref reader, text, ref place, tree, key),
        JsonTokenType.StartArray => ReadArray(ref reader, text, ref place, tree, key),
        JsonTokenType.String => JsonValue.Create(reader.GetString()!),
        _ => JsonNode.Parse(ref reader),
    };

    private static int ColumnOf(ReadOnlySpan<byte> text, int lineStart, int bytes)
    {
        var start = Math.Min(lineStart, text.Length);
        return 1 + Encoding.UTF8.GetCharCount(text.Slice(start, Math.Min(bytes, text.Length - start)));
    }

    private static int LineStart(ReadOnlySpan<byte> text, int line)
    {
        var start = 0;
        for (; line > 0; line--)
        {
            start += text[start..].IndexOf((byte)'\n') + 1;
        }

        return start;
    }

    /// <summary>The reader's own sentence, without the position at its end, which we say ourselves; and what to do about the usual slips.</summary>
    private static string Reason(JsonException error)
    {
        var end = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var reason = end < 0 ? error.Message : error.Message[..end];
        var fix = reason switch
        {
            _ when reason.StartsWith("'''", StringComparison.Ordinal) => " Write double quotes.",
            _ when reason.StartsWith("'0xC", StringComparison.Ordinal) || reason.StartsWith("'0xE", StringComparison.Ordinal) => " It begins a character such as a curly quotation mark or a hard blank, which word processors and web pages make of plain ones; type it anew.",
            _ when reason.StartsWith("','", StringComparison.Ordinal) => " There is a comma too many.",
            _ when reason.StartsWith("'\"' is invalid after a value", StringComparison.Ordinal) => " A comma is missing before it.",
            _ when reason.StartsWith("Expected depth to be zero", StringComparison.Ordinal) => " A closing } or ] is missing.",
            _ => "",
        };
        return reason + fix;
    }

    /// <summary>Where the reader is, counted on from where it was: counted from the start for each key, a large file takes minutes.</summary>
    private struct Place()
    {
        private int offset;
        private int line = 1;
        private int column = 1;

        /// <summary>The line and column of a token, which comes after the one before.</summary>
        public (int Line, int Column) MoveTo(ReadOnlySpan<byte> text, int token)
        {
            var passed = text[offset..token];
            offset = token;
            if (passed.LastIndexOf((byte)'\n') is >= 0 and var end)
            {
                line += passed.Count((byte)'\n');
                column = 1;
                passed = passed[(end + 1)..];
            }

            column += Encoding.UTF8.GetCharCount(passed);
            return (line, column);
        }
    }
}
