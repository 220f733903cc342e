using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>
/// A token in JWS compact form while it is taken apart. The members fill up as <see cref="JwsChecks"/> pass; before
/// that they are empty.
/// </summary>
/// <remarks>RFC 7515 §7.1.</remarks>
internal class Jws(ReadOnlyMemory<char> text)
{
    private static readonly SearchValues<char> Base64UrlAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public ReadOnlySpan<char> Text => text.Span;

    public ReadOnlyMemory<char> Memory => text;

    public JsonElement Header { get; private set; }

    public JsonElement Payload { get; protected set; }

    /// <summary>The first two parts with the period between them, as they were signed.</summary>
    public byte[] SigningInput { get; private set; } = [];

    public byte[] Signature { get; private set; } = [];

    public JsonForm HeaderForm { get; private set; }

    public JsonForm PayloadForm { get; private set; }

    /// <summary>The algorithm that the header names; null when it names none.</summary>
    public string? Algorithm => StringOf(Header, "alg");

    /// <summary>The key id that the header names; null when it names none.</summary>
    public string? KeyId => StringOf(Header, "kid") is { Length: > 0 } kid ? kid : null;

    public bool Decode()
    {
        var headerEnd = Text.IndexOf('.');
        var payloadEnd = Text.LastIndexOf('.');
        if (!TryRead(Text[..headerEnd], out var headerForm, out var header) ||
            !TryRead(Text[(headerEnd + 1)..payloadEnd], out var payloadForm, out var payload) ||
            !TryDecode(Text[(payloadEnd + 1)..], out var signature))
        {
            return false;
        }

        (HeaderForm, PayloadForm) = (headerForm, payloadForm);
        (Header, Payload, Signature) = (header, payload, signature);
        SigningInput = new byte[payloadEnd];
        Encoding.ASCII.GetBytes(Text[..payloadEnd], SigningInput);
        return true;
    }

    /// <summary>The payload of a token that has passed every check before; undefined for what is no JWS.</summary>
    public static JsonElement PayloadOf(ReadOnlyMemory<char> verified)
    {
        var jws = new Jws(verified);
        return verified.Span.Count('.') == 2 && jws.Decode() ? jws.Payload : default;
    }

    public static string? StringOf(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    /// <summary>
    /// Decodes the one canonical encoding of some bytes and no other (RFC 4648 §3.5 and §5). The platform's decoder
    /// refuses spare bits by itself, but accepts padding and white space, which the alphabet check keeps out.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> encoded, out byte[] bytes)
    {
        bytes = [];
        if (!IsEncoding(encoded))
        {
            return false;
        }

        bytes = new byte[Base64Url.GetMaxDecodedLength(encoded.Length)];
        return TryDecode(encoded, bytes);
    }

    // What is read is copied by the reader: the bytes themselves are needed no longer than this call.
    private static bool TryRead(ReadOnlySpan<char> encoded, out JsonForm form, out JsonElement value)
    {
        const int OnStack = 2048;
        (form, value) = (JsonForm.Malformed, default);
        if (!IsEncoding(encoded))
        {
            return false;
        }

        var length = Base64Url.GetMaxDecodedLength(encoded.Length);
        var bytes = length <= OnStack ? stackalloc byte[OnStack] : new byte[length];
        if (!TryDecode(encoded, bytes[..length]))
        {
            return false;
        }

        form = StrictJson.Read(bytes[..length], out value);
        return true;
    }

    private static bool IsEncoding(ReadOnlySpan<char> text) => text.Length % 4 != 1 && !text.ContainsAnyExcept(Base64UrlAlphabet);

    private static bool TryDecode(ReadOnlySpan<char> encoded, Span<byte> bytes) =>
        Base64Url.DecodeFromChars(encoded, bytes, out _, out var written) == OperationStatus.Done && written == bytes.Length;
}
