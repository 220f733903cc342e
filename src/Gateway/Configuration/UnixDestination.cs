using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Gateway.Configuration;

/// <summary>
/// A destination on a Unix socket, written <c>http://unix:/run/mcp.sock:/mcp</c>. Where an address is an HTTP URL, it goes by
/// one whose host spells the socket's path: every socket has a host of its own, connections are kept apart by it, and
/// whoever connects reads the path back from it.
/// </summary>
internal sealed record UnixDestination(string Socket, string Path)
{
    private const string Prefix = "http://unix:";

    /// <summary>No host of a network: RFC 6761 §6.4.</summary>
    private const string Suffix = ".unix.invalid";

    /// <summary>What the operating system's address structure holds.</summary>
    internal const int MaxSocket = 107;

    /// <summary>Labels of a host name have 63 characters at most; an even number of hexadecimal digits.</summary>
    private const int LabelLength = 62;

    /// <summary>The HTTP URL that stands for it.</summary>
    public string Address
    {
        get
        {
            var digits = Convert.ToHexStringLower(Encoding.ASCII.GetBytes(Socket));
            return $"http://{string.Join('.', digits.Chunk(LabelLength).Select(label => new string(label)))}{Suffix}{Path}";
        }
    }

    /// <summary>Whether a destination is written as one on a socket, well or badly.</summary>
    public static bool IsMeant(string value) => value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    public static bool TryParse(string value, [NotNullWhen(true)] out UnixDestination? destination)
    {
        destination = null;
        if (!value.StartsWith(Prefix, StringComparison.Ordinal) || value.Any(character => character is <= ' ' or >= '\x7f' or '\\' or '%'))
        {
            return false;
        }

        var rest = value[Prefix.Length..];
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon is < 2 or > MaxSocket || rest[0] != '/' || rest[colon - 1] == '/' || !rest[(colon + 1)..].StartsWith('/'))
        {
            return false;
        }

        destination = new UnixDestination(rest[..colon], rest[(colon + 1)..]);
        return Uri.TryCreate(destination.Address, UriKind.Absolute, out _);
    }

    /// <summary>The address to send to: of a socket the URL that stands for it, of anything else what is written.</summary>
    public static string AddressOf(string value) => TryParse(value, out var destination) ? destination.Address : value;

    /// <summary>The address as an operator writes it.</summary>
    public static string Show(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && SocketOf(url.Host) is { } socket ? $"{Prefix}{socket}:{url.AbsolutePath}" : address;

    /// <summary>The socket that a host stands for; null for every other host.</summary>
    public static string? SocketOf(string host)
    {
        if (!host.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return null;
        }

        var digits = host[..^Suffix.Length].Replace(".", "", StringComparison.Ordinal);
        try
        {
            return Encoding.ASCII.GetString(Convert.FromHexString(digits));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
