using System.Buffers;
using Gateway.Authorize.Bodies;

namespace Gateway.Bridge;

/// <summary>Reads bodies whole: each bounded, and all that are being held bounded together but for the first bytes of each.</summary>
internal sealed class MessageReader
{
    private const int Block = 16 * 1024;
    private const long MaxHeld = 8L * Child.MaxMessage;
    private long held;

    /// <summary>The body, held until it is disposed of; the refusal when it is too much.</summary>
    public async ValueTask<(HeldBody? Body, BridgeRefusal? Refusal)> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > Child.MaxMessage)
        {
            return (null, BridgeRefusal.TooLarge);
        }

        var body = new HeldBody(this);
        try
        {
            var buffer = new ArrayBufferWriter<byte>((int)Math.Min(request.ContentLength ?? Block, Block) + 1);
            while (true)
            {
                var room = buffer.GetMemory(1);
                var count = await InboundBody.ReadAsync(request, room, request.HttpContext.RequestAborted);
                if (count == 0)
                {
                    body.Bytes = buffer.WrittenMemory;
                    (var whole, body) = (body, null);
                    return (whole, null);
                }

                buffer.Advance(count);
                if (buffer.WrittenCount > Child.MaxMessage)
                {
                    return (null, BridgeRefusal.TooLarge);
                }

                if (!body.Hold(count))
                {
                    return (null, BridgeRefusal.Overloaded);
                }
            }
        }
        catch (BadHttpRequestException error)
        {
            return (null, error.StatusCode == StatusCodes.Status413PayloadTooLarge ? BridgeRefusal.TooLarge : BridgeRefusal.NotJson);
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <summary>The bytes of a body, counted until they are given back.</summary>
    internal sealed class HeldBody(MessageReader reader) : IDisposable
    {
        private int length;
        private int counted;

        public ReadOnlyMemory<byte> Bytes { get; set; }

        public bool Hold(int bytes)
        {
            length += bytes;

            // A small body always finds room: large ones that wait for their answers must not shut everybody else out.
            var more = Math.Max(length - Block, 0) - counted;
            counted += more;
            return more == 0 || Interlocked.Add(ref reader.held, more) <= MaxHeld;
        }

        public void Dispose() => Interlocked.Add(ref reader.held, -Interlocked.Exchange(ref counted, 0));
    }
}
