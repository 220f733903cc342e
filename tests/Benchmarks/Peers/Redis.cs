using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Gateway.Benchmarks.Load;

namespace Gateway.Benchmarks.Peers;

/// <summary>A Redis server that keeps nothing on disk.</summary>
internal static class Redis
{
    public static Task<PeerProcess?> StartAsync(TestBed bed) => bed.StartInstalledAsync("Redis", "redis-server", port =>
        ["--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning"]);

    /// <summary>What it answers to a command of one line, as the protocol writes it (RESP); no more than comes in one piece.</summary>
    public static async Task<string> AskAsync(PeerProcess redis, string command)
    {
        using var socket = CallBytes.Connect(redis.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\r\n"), SocketFlags.None);
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, SocketFlags.None));
    }
}
