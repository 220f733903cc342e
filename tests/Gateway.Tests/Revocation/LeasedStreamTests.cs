using Gateway.Connections;
using Gateway.Revoke;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>Who reads an answer stops to wait when its lease ends, and when it gives up itself.</summary>
public sealed class LeasedStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Its reader has looked whether it is over, and waits for nothing yet.</summary>
    [Fact]
    public async Task A_stream_that_ends_while_its_first_read_begins_is_not_waited_for()
    {
        using var lease = Lease();
        using var stream = Over(lease);
        stream.Open();

        stream.Stop();
        var reading = stream.ReadAsync(new byte[16], Cancellation).AsTask();

        Assert.Equal(0, await reading.WaitAsync(SocketClient.Patience, Cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_ends_is_waited_for_no_more(bool byItsReader)
    {
        using var leaving = new CancellationTokenSource();
        using var lease = Lease();
        using var stream = Over(lease);
        stream.Open();
        var reading = stream.ReadAsync(new byte[16], leaving.Token).AsTask();
        Assert.False(reading.IsCompleted);

        if (byItsReader)
        {
            await leaving.CancelAsync();
        }
        else
        {
            lease.End();
        }

        Assert.Equal(0, await reading.WaitAsync(SocketClient.Patience, Cancellation));
    }

    private static StreamLease Lease() =>
        new StreamLease(new DefaultHttpContext(), new StreamTerms(DateTimeOffset.MaxValue, TimeSpan.FromHours(1), Listening: true, InOrder: true), new ManualClock(), _ => { }).Start();

    private static LeasedStream Over(StreamLease lease) => new(new Silent(), () => lease, isEvents: true, inOrder: true, CancellationToken.None);

    /// <summary>An MCP server that says nothing.</summary>
    private sealed class Silent : ReadOnlyStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
