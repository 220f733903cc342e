using System.Text.Json;
using System.Text.Json.Nodes;

namespace Deputy.Wire;

/// <summary>What a client got: status 0 when nothing came that is an HTTP answer.</summary>
internal sealed record Answer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body, string Raw, Ending Ending)
{
    public IReadOnlyList<string> Values(string name) =>
        [.. Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];

    public string? Header(string name) => Values(name) is [var first, ..] ? first : null;

    public string Challenges => string.Join(", ", Values("WWW-Authenticate"));

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The body as JSON; null when it is none.</summary>
    public JsonNode? Json
    {
        get
        {
            try
            {
                return JsonNode.Parse(Body);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>One line for people.</summary>
    public string Line => Status == 0
        ? $"no answer ({Ending})"
        : $"{Status} {Challenges} {Body}".ReplaceLineEndings(" ").Trim() is { Length: > 160 } text ? text[..160] + "…" : $"{Status} {Challenges} {Body}".ReplaceLineEndings(" ").Trim();
}

/// <summary>How a connection stood when reading stopped.</summary>
internal enum Ending
{
    /// <summary>The framing says that the answer is whole.</summary>
    Complete,

    /// <summary>The other side closed before that.</summary>
    Closed,

    /// <summary>Nothing more came in time.</summary>
    TimedOut,

    /// <summary>No connection could be made.</summary>
    Refused,
}
