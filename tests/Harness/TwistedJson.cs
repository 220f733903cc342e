using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Harness;

/// <summary>Writes JSON objects with members left out, doubled, escaped, in another case, or of another type; and finds such things.</summary>
internal sealed class TwistedJson(Random random)
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private static readonly string[] Values =
    [
        "null", "true", "\"\"", "\"x\"", "[]", "{}", "[\"x\"]", "0", "1", "-1", "300", "300.0", "3e2", "1e999", "1e-999", "0.5", "99999999999999999999", "\"\\u0000\"", "\"\\ud800\"", "\"caf\u00e9\"", "{\"a\":1,\"a\":2}", "[[[[[[[[1]]]]]]]]",
    ];

    /// <summary>The members in any order, a few of them changed; every eighth object is left as it is.</summary>
    public string Object(params (string Name, string Value)[] sound)
    {
        var members = sound.ToList();
        for (var changes = random.Once(8) ? 0 : random.Next(1, 3); changes > 0 && members.Count > 0; changes--)
        {
            var at = random.Next(members.Count);
            var (name, value) = members[at];
            switch (random.Next(6))
            {
                case 0:
                    members.RemoveAt(at);
                    break;
                case 1:
                    members.Add((random.Once(2) ? name : random.One(name.ToUpperInvariant(), name + "\\u0000", "x" + name), random.Once(2) ? value : random.One(Values)));
                    break;
                case 2:
                    members[at] = ("\\u" + ((int)name[0]).ToString("x4", CultureInfo.InvariantCulture) + name[1..], value);
                    break;
                case 3:
                    members.Add(("x", random.One(Values)));
                    break;
                default:
                    members[at] = (name, random.Once(2) || value[0] != '"' ? random.One(Values) : value.Insert(random.Next(1, value.Length), random.One(" ", "\\n", "A", "\\u0000", ",", "=", "\\\"", "é")));
                    break;
            }
        }

        random.Shuffle(CollectionsMarshal.AsSpan(members));
        return "{" + string.Join(',', members.Select(member => $"\"{member.Name}\":{member.Value}")) + "}";
    }

    /// <summary>The same as bytes, sometimes mutated as bytes.</summary>
    public byte[] Document(params (string Name, string Value)[] sound)
    {
        var document = Encoding.UTF8.GetBytes(Object(sound));
        return random.Once(8) ? Fuzzing.Mutate(document, random) : document;
    }

    /// <summary>One object in UTF-8 in which no member stands twice, at any depth, read without any help of the code under test; or null.</summary>
    public static JsonElement? Strict(byte[] document)
    {
        try
        {
            _ = Utf8.GetCharCount(document);
            using var parsed = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = 32 });
            return parsed.RootElement.ValueKind == JsonValueKind.Object && IsUnique(parsed.RootElement) ? parsed.RootElement.Clone() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The member, where it is there and not null.</summary>
    public static JsonElement? Member(JsonElement owner, string name) =>
        owner.EnumerateObject().Where(member => member.Name == name && member.Value.ValueKind != JsonValueKind.Null).Select(member => (JsonElement?)member.Value).FirstOrDefault();

    /// <summary>The member where it is a text that is Unicode.</summary>
    public static string? Text(JsonElement owner, string name)
    {
        try
        {
            return Member(owner, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsUnique(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Select(member => member.Name).ToHashSet(StringComparer.Ordinal).Count == value.EnumerateObject().Count() && value.EnumerateObject().All(member => IsUnique(member.Value)),
        JsonValueKind.Array => value.EnumerateArray().All(IsUnique),
        _ => true,
    };
}
