using System.Buffers;
using System.IO.Pipelines;

namespace Harness;

/// <summary>The bytes of a connection as they come in, kept beside being read.</summary>
internal sealed class RecordedInput(PipeReader input) : PipeReader
{
    private ArrayBufferWriter<byte> bytes = new();
    private ReadOnlySequence<byte> buffer;
    private long seen;

    /// <summary>What came in since it was last taken.</summary>
    public byte[] Take()
    {
        var taken = bytes.WrittenSpan.ToArray();
        bytes = new ArrayBufferWriter<byte>();
        return taken;
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => See(await input.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        var read = input.TryRead(out result);
        if (read)
        {
            See(result);
        }

        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        seen = buffer.Slice(consumed).Length;
        input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    private ReadResult See(ReadResult result)
    {
        buffer = result.Buffer;
        foreach (var part in buffer.Slice(seen))
        {
            bytes.Write(part.Span);
        }

        seen = buffer.Length;
        return result;
    }
}
