using System.IO.Pipelines;

namespace Gateway.Connections;

/// <summary>
/// A connection of a client, read in <see cref="Turns"/>: one that sends requests, or frames of HTTP/2, without waiting for
/// answers would keep a thread for as long as it goes on.
/// </summary>
internal sealed class FairTransport(IDuplexPipe connection) : IDuplexPipe
{
    /// <summary>How much of what a client sent is held unread before no more is received, in bytes: no read finds much more, however long that takes to work through.</summary>
    public const int MaxUnread = 64 * 1024;

    public PipeReader Input { get; } = new FairReader(connection.Input);

    public PipeWriter Output => connection.Output;

    private sealed class FairReader(PipeReader input) : PipeReader
    {
        private Turns turns;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => turns.Take(input.ReadAsync(cancellationToken));

        public override bool TryRead(out ReadResult result) => input.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => input.CancelPendingRead();

        public override void Complete(Exception? exception = null) => input.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => input.CompleteAsync(exception);
    }
}
