using System.ComponentModel;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Configuration.Options;

/// <summary>
/// <c>Kestrel:Limits</c>, as written, which the framework does not read by itself. Who is slow or large is cut off here,
/// before any stage; the defaults are said on purpose, and where there is none it is the framework's.
/// </summary>
internal sealed class KestrelLimitsOptions
{
    [Description("The most connections at a time; further ones are closed. Default: half as many as files may be open (`ulimit -n`), and no more than there is memory for, which is 8 for each MiB that the process may use (3072 in a container of 512 MiB).")]
    public long? MaxConcurrentConnections { get; set; }

    [Description("How long a connection may wait for the next request. Default: 00:02:10.")]
    [Example("00:01:00")]
    public TimeSpan? KeepAliveTimeout { get; set; }

    [Description("How long the headers of a request may take.")]
    [Example("00:00:10")]
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    [Description("The longest request line in bytes.")]
    public int MaxRequestLineSize { get; set; } = 8 * 1024;

    [Description("The largest headers of a request in bytes, all together.")]
    public int MaxRequestHeadersTotalSize { get; set; } = 32 * 1024;

    [Description("The most header lines of a request. Default: 100.")]
    public int? MaxRequestHeaderCount { get; set; }

    [Description("Slows nobody down: 64 KiB of a client are held unread, whatever is written here. It must not be smaller than MaxRequestLineSize and MaxRequestHeadersTotalSize. Default: 1048576.")]
    public long? MaxRequestBufferSize { get; set; }

    [Description("How many bytes of an answer are buffered before the MCP server is slowed down. Default: 65536.")]
    public long? MaxResponseBufferSize { get; set; }

    [Description("The slowest body of a request.")]
    public DataRateOptions MinRequestBodyDataRate { get; set; } = new();

    [Description("The slowest reader of an answer.")]
    public DataRateOptions MinResponseDataRate { get; set; } = new();

    [Description("HTTP/2 alone.")]
    public KestrelHttp2LimitsOptions Http2 { get; set; } = new();

    /// <summary>Sets each limit that is given. What Kestrel does not take is handed to <paramref name="refused"/>, with its key; null throws it.</summary>
    public void Apply(KestrelServerLimits limits, Action<string, ArgumentException>? refused = null)
    {
        Set(nameof(MaxConcurrentConnections), MaxConcurrentConnections, value => limits.MaxConcurrentConnections = value);
        Set(nameof(KeepAliveTimeout), KeepAliveTimeout, value => limits.KeepAliveTimeout = value);
        Set<TimeSpan>(nameof(RequestHeadersTimeout), RequestHeadersTimeout, value => limits.RequestHeadersTimeout = value);
        Set<int>(nameof(MaxRequestLineSize), MaxRequestLineSize, value => limits.MaxRequestLineSize = value);
        Set<int>(nameof(MaxRequestHeadersTotalSize), MaxRequestHeadersTotalSize, value => limits.MaxRequestHeadersTotalSize = value);
        Set(nameof(MaxRequestHeaderCount), MaxRequestHeaderCount, value => limits.MaxRequestHeaderCount = value);
        Set(nameof(MaxRequestBufferSize), MaxRequestBufferSize, value => limits.MaxRequestBufferSize = value);
        Set(nameof(MaxResponseBufferSize), MaxResponseBufferSize, value => limits.MaxResponseBufferSize = value);
        Set<double>(nameof(MinRequestBodyDataRate), MinRequestBodyDataRate.BytesPerSecond, value => limits.MinRequestBodyDataRate = new MinDataRate(value, MinRequestBodyDataRate.GracePeriod));
        Set<double>(nameof(MinResponseDataRate), MinResponseDataRate.BytesPerSecond, value => limits.MinResponseDataRate = new MinDataRate(value, MinResponseDataRate.GracePeriod));
        Set(nameof(Http2) + ":MaxStreamsPerConnection", Http2.MaxStreamsPerConnection, value => limits.Http2.MaxStreamsPerConnection = value);
        Set(nameof(Http2) + ":HeaderTableSize", Http2.HeaderTableSize, value => limits.Http2.HeaderTableSize = value);
        Set(nameof(Http2) + ":MaxFrameSize", Http2.MaxFrameSize, value => limits.Http2.MaxFrameSize = value);
        Set(nameof(Http2) + ":MaxRequestHeaderFieldSize", Http2.MaxRequestHeaderFieldSize, value => limits.Http2.MaxRequestHeaderFieldSize = value);
        Set(nameof(Http2) + ":InitialConnectionWindowSize", Http2.InitialConnectionWindowSize, value => limits.Http2.InitialConnectionWindowSize = value);
        Set(nameof(Http2) + ":InitialStreamWindowSize", Http2.InitialStreamWindowSize, value => limits.Http2.InitialStreamWindowSize = value);
        Set(nameof(Http2) + ":KeepAlivePingDelay", Http2.KeepAlivePingDelay, value => limits.Http2.KeepAlivePingDelay = value);
        Set(nameof(Http2) + ":KeepAlivePingTimeout", Http2.KeepAlivePingTimeout, value => limits.Http2.KeepAlivePingTimeout = value);

        void Set<T>(string key, T? given, Action<T> set)
            where T : struct
        {
            try
            {
                if (given is { } value)
                {
                    set(value);
                }
            }
            catch (ArgumentException error) when (refused is not null)
            {
                refused(key, error);
            }
        }
    }
}

/// <summary>The slowest rate that is waited for, as written.</summary>
internal sealed class DataRateOptions
{
    [Description("Bytes a second.")]
    public double BytesPerSecond { get; set; } = 240;

    [Description("How long it may be slower.")]
    [Example("00:00:10")]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary><c>Kestrel:Limits:Http2</c>, as written.</summary>
internal sealed class KestrelHttp2LimitsOptions
{
    [Description("The most requests at a time on one connection. Default: 100.")]
    public int? MaxStreamsPerConnection { get; set; }

    [Description("The size of the header compression table in bytes. Default: 4096.")]
    public int? HeaderTableSize { get; set; }

    [Description("The largest frame taken, in bytes. Default: 16384.")]
    public int? MaxFrameSize { get; set; }

    [Description("The largest header field in bytes, name and value. Default: 32768.")]
    public int? MaxRequestHeaderFieldSize { get; set; }

    [Description("How many bytes of bodies are taken ahead on one connection. Default: 1048576.")]
    public int? InitialConnectionWindowSize { get; set; }

    [Description("How many bytes of one body are taken ahead. Default: 786432.")]
    public int? InitialStreamWindowSize { get; set; }

    [Description("After how much silence a client is pinged. Default: never.")]
    [Example("00:01:00")]
    public TimeSpan? KeepAlivePingDelay { get; set; }

    [Description("How long an answer to a ping may take before the connection is closed. Default: 00:00:20.")]
    [Example("00:00:20")]
    public TimeSpan? KeepAlivePingTimeout { get; set; }
}
