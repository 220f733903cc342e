using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Observe.Harness;

/// <summary>A collector for OTLP over HTTP with protobuf, that keeps what it gets.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> exports = new();

    private OtlpReceiver(WebApplication app) => this.app = app;

    public string Url { get; private set; } = "";

    public IReadOnlyList<Span> Spans => [.. Of("/v1/traces").SelectMany(Span.Of)];

    /// <summary>All metrics exports as text, enough to find names in.</summary>
    public string Metrics => Text("/v1/metrics");

    public string Logs => Text("/v1/logs");

    public string Traces => Text("/v1/traces");

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        receiver.app.Run(receiver.ReceiveAsync);
        await receiver.app.StartAsync();
        receiver.Url = receiver.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return receiver;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IEnumerable<byte[]> Of(string path) => exports.Where(export => export.Path == path).Select(export => export.Body);

    private string Text(string path) => string.Concat(Of(path).Select(Encoding.Latin1.GetString));

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        exports.Enqueue((context.Request.Path.Value!, body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }
}

/// <summary>A span as exported: the fields of opentelemetry.proto.trace.v1.Span that tie a trace together.</summary>
internal sealed record Span(string TraceId, string SpanId, string ParentId, string Name, string Scope)
{
    public static IEnumerable<Span> Of(byte[] export) =>
        from resource in Fields(export, 1)
        from scope in Fields(resource, 2)
        let name = Fields(scope, 1).SelectMany(info => Fields(info, 1)).Select(Encoding.UTF8.GetString).FirstOrDefault("")
        from span in Fields(scope, 2)
        select new Span(Hex(span, 1), Hex(span, 2), Hex(span, 4), Encoding.UTF8.GetString(Fields(span, 5).Single()), name);

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).FirstOrDefault([]));

    /// <summary>The length-delimited fields of this number in a protobuf message.</summary>
    private static IEnumerable<byte[]> Fields(byte[] message, int field)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            switch (tag & 7)
            {
                case 0:
                    Varint(message, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    var length = (int)Varint(message, ref at);
                    if ((int)(tag >> 3) == field)
                    {
                        yield return message[at..(at + length)];
                    }

                    at += length;
                    break;
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = message[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
