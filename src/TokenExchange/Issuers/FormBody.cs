using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Issuers;

/// <summary>
/// The body of a request to an authorization server: parameters in the order they were added, each once. It holds the
/// subject token and perhaps a secret, so its buffers are wiped when they are outgrown and when it is disposed.
/// </summary>
/// <remarks>RFC 6749 appendix B.</remarks>
internal sealed class FormBody : HttpContent
{
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private byte[] buffer = new byte[4096];
    private int length;

    public FormBody() => Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");

    public FormBody Add(string name, ReadOnlySpan<char> value)
    {
        Name(name);
        AppendEncoded(value);
        return this;
    }

    public FormBody Add(string name, ReadOnlySpan<byte> utf8)
    {
        Name(name);
        AppendEncoded(utf8);
        return this;
    }

    /// <summary>The credentials of HTTP Basic: id and secret are form-encoded before they are joined and put into base64.</summary>
    /// <remarks>RFC 6749 §2.3.1.</remarks>
    public static string BasicCredentials(string id, ReadOnlySpan<byte> secret)
    {
        using var pair = new FormBody();
        pair.AppendEncoded(id);
        pair.Append((byte)':');
        pair.AppendEncoded(secret);
        return Convert.ToBase64String(pair.buffer.AsSpan(0, pair.length));
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = this.length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(buffer);
        base.Dispose(disposing);
    }

    private void Name(string name)
    {
        if (!names.Add(name))
        {
            throw new InvalidOperationException($"The parameter {name} is already there; a parameter stands in a request once (RFC 6749 §3.2).");
        }

        if (length > 0)
        {
            Append((byte)'&');
        }

        AppendEncoded(name);
        Append((byte)'=');
    }

    private void AppendEncoded(ReadOnlySpan<char> text)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        AppendEncoded(utf8);
        CryptographicOperations.ZeroMemory(utf8);
    }

    private void AppendEncoded(ReadOnlySpan<byte> utf8)
    {
        foreach (var octet in utf8)
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
            {
                Append(octet);
            }
            else if (octet == (byte)' ')
            {
                Append((byte)'+');
            }
            else
            {
                Append((byte)'%');
                Append((byte)"0123456789ABCDEF"[octet >> 4]);
                Append((byte)"0123456789ABCDEF"[octet & 15]);
            }
        }
    }

    private void Append(byte octet)
    {
        if (length == buffer.Length)
        {
            var larger = new byte[buffer.Length * 2];
            buffer.CopyTo(larger, 0);
            CryptographicOperations.ZeroMemory(buffer);
            buffer = larger;
        }

        buffer[length++] = octet;
    }
}
