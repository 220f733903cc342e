using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Gateway.Configuration.Rules;

namespace Gateway.Bridge;

/// <summary>Where the bridge listens: an address of this machine alone, or a Unix socket that its owner alone may open.</summary>
internal sealed record BridgeAddress(string Text, IPEndPoint? EndPoint, string? SocketPath)
{
    private const string UnixPrefix = "http://unix:";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads <c>http://127.0.0.1:8081</c>, <c>http://localhost:8081</c>, <c>http://[::1]:8081</c> or <c>http://unix:/run/mcp.sock</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out BridgeAddress? address)
    {
        address = null;
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            var path = text[UnixPrefix.Length..];
            address = path.StartsWith('/') && !path.EndsWith('/') && !path.Contains(':', StringComparison.Ordinal) ? new BridgeAddress(text, null, path) : null;
        }
        else if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http", AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" } && ConfiguredUrl.IsLoopback(url))
        {
            var host = url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Parse(url.Host);
            address = new BridgeAddress(text, new IPEndPoint(host, url.Port), null);
        }

        return address is not null;
    }

    public void ListenOn(KestrelServerOptions kestrel)
    {
        if (SocketPath is not null)
        {
            kestrel.ListenUnixSocket(SocketPath, listen => listen.Protocols = HttpProtocols.Http1);
        }
        else
        {
            kestrel.Listen(EndPoint!, listen => listen.Protocols = HttpProtocols.Http1);
        }
    }

    /// <summary>Binds a socket; one in the file system gets its mode before anybody can connect, since it does not listen yet.</summary>
    public static Socket Bind(EndPoint endPoint)
    {
        if (endPoint is not UnixDomainSocketEndPoint)
        {
            return Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        }

        var path = endPoint.ToString()!;
        RemoveWhatNobodyServes(path, endPoint);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, OwnerOnly);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A bridge that was killed leaves its socket behind, and nobody could bind there again.</summary>
    private static void RemoveWhatNobodyServes(string path, EndPoint endPoint)
    {
        if (!File.Exists(path) || IsOrdinary(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // Not ours to judge: to bind will fail, and say why.
        }
    }

    /// <summary>A socket cannot be opened as a file.</summary>
    private static bool IsOrdinary(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }
}
