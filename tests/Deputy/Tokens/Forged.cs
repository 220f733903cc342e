using System.Text;
using System.Text.Json.Nodes;

namespace Deputy.Tokens;

/// <summary>A token that is perfect until a case changes it, at any layer from the claim to the last byte.</summary>
internal sealed class Forged(Key key, JsonObject header, JsonObject payload)
{
    public Key Key { get; set; } = key;

    public JsonObject Header { get; } = header;

    public JsonObject Payload { get; } = payload;

    /// <summary>Changes the text of the header before it is encoded.</summary>
    public Func<string, string>? HeaderText { get; set; }

    public Func<string, string>? PayloadText { get; set; }

    /// <summary>Signs in place of <see cref="Key"/>.</summary>
    public Func<byte[], byte[]>? Signature { get; set; }

    /// <summary>Changes the three parts before they are joined.</summary>
    public Func<string[], string[]>? Parts { get; set; }

    /// <summary>Changes the whole token.</summary>
    public Func<string, string>? Compact { get; set; }

    /// <summary>The marker of whom the token was made for, whatever a case changes later.</summary>
    public string Owner { get; } = Deputy.Peers.Marker.In(payload["jti"]?.ToString() ?? "") ?? "";

    public string Build()
    {
        var (header, payload) = (Encoded.Plain(Header), Encoded.Plain(Payload));
        var parts = new[] { Encoded.Encode(HeaderText?.Invoke(header) ?? header), Encoded.Encode(PayloadText?.Invoke(payload) ?? payload), "" };
        var input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        parts[2] = Encoded.Encode(Signature is { } sign ? sign(input) : Key.Sign(input));
        var compact = string.Join('.', Parts?.Invoke(parts) ?? parts);
        return Compact?.Invoke(compact) ?? compact;
    }
}
