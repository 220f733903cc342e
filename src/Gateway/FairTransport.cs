using System.IO.Pipelines;

namespace Gateway;

/// <summary>
/// A connection of a client. Whoever reads it without ever having to wait goes to the end of the thread pool's queue every
/// so often, so that others have their turn: one that sends requests, or frames of HTTP/2, without waiting for answers
/// would keep a thread for as long as it goes on.
/// </summary>
internal sealed class FairTransport(IDuplexPipe connection) : IDuplexPipe
{
    /// <summary>How many reads in a row may find something to read: of pipelined requests, one each.</summary>
    public const int Turn = 16;

    public PipeReader Input { get; } = new FairReader(connection.Input);

    public PipeWriter Output => connection.Output;

    private sealed class FairReader(PipeReader input) : PipeReader
    {
        private int inARow;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var read = input.ReadAsync(cancellationToken);
            if (read is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                return read;
            }

            // Who waits on the pool has given way. A thread that serves sockets comes back with what is there already.
            inARow = read.IsCompleted || !Thread.CurrentThread.IsThreadPoolThread ? inARow + 1 : 0;
            return inARow < Turn ? read : GiveWayAsync(read);
        }

        public override bool TryRead(out ReadResult result) => input.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => input.CancelPendingRead();

        public override void Complete(Exception? exception = null) => input.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => input.CompleteAsync(exception);

        private async ValueTask<ReadResult> GiveWayAsync(ValueTask<ReadResult> reading)
        {
            inARow = 0;
            var read = await reading;
            await Task.Yield();
            return read;
        }
    }
}
