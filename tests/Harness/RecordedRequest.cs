using System.Net;

namespace Harness;

/// <summary>One request as it came over the socket, to the byte.</summary>
public sealed record RecordedRequest(string Head, string Body)
{
    public string Method => Head[..Head.IndexOf(' ', StringComparison.Ordinal)];

    public string Target => Head.Split(' ')[1];

    public string Bytes => Head + Body;

    /// <summary>The parameters of the form, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Form =>
        [.. Body.Split('&').Select(pair => pair.Split('=')).Select(pair => KeyValuePair.Create(WebUtility.UrlDecode(pair[0]), WebUtility.UrlDecode(pair[1])))];

    /// <summary>The only parameter of that name; null when there is none.</summary>
    public string? this[string name] => Form.Where(pair => pair.Key == name).Select(pair => pair.Value).SingleOrDefault();

    public string? Header(string name) =>
        Head.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim()).SingleOrDefault();

    internal static RecordedRequest Of(string bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        return new RecordedRequest(bytes[..end], bytes[end..]);
    }
}
