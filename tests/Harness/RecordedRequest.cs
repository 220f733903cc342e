using System.Net;
using System.Text;

namespace Harness;

/// <summary>One request as it came over the socket, to the byte.</summary>
public sealed class RecordedRequest
{
    private readonly byte[] bytes;
    private readonly int body;

    internal RecordedRequest(byte[] bytes) => (this.bytes, body) = (bytes, bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4);

    public string Head => Encoding.Latin1.GetString(bytes, 0, body);

    public string Body => Encoding.Latin1.GetString(bytes, body, bytes.Length - body);

    public string Method => Encoding.Latin1.GetString(bytes, 0, bytes.AsSpan().IndexOf((byte)' '));

    public string Target => Head.Split(' ')[1];

    public string Bytes => Encoding.Latin1.GetString(bytes);

    /// <summary>The parameters of the form, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Form =>
        [.. Body.Split('&').Select(pair => pair.Split('=')).Select(pair => KeyValuePair.Create(WebUtility.UrlDecode(pair[0]), WebUtility.UrlDecode(pair[1])))];

    /// <summary>The only parameter of that name; null when there is none.</summary>
    public string? this[string name] => Form.Where(pair => pair.Key == name).Select(pair => pair.Value).SingleOrDefault();

    public string? Header(string name) =>
        Head.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim()).SingleOrDefault();
}
