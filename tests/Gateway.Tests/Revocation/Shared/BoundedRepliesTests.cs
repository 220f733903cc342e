using System.Text;
using Gateway.Revoke.Shared;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>Answers go through as they came, however they are cut, but for strings that are too long.</summary>
public sealed class BoundedRepliesTests
{
    private static readonly string Long = new('x', BoundedReplies.Longest + 1), Longest = new('y', BoundedReplies.Longest);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    public async Task What_is_too_long_is_null_and_all_else_as_it_came(int atOnce)
    {
        var errors = new List<string>();
        static string Text(string value) => $"${value.Length}\r\n{value}\r\n";
        var around = new[] { "+OK\r\n", ":12\r\n", Text(""), Text("a\r\n$99999\r\n-b\n"), "$-1\r\n", "*-1\r\n", "*0\r\n", "-ERR no $5\r\n", Text(Longest) };
        var came = string.Concat(around.SelectMany(other => new[] { "*4\r\n", Text(Long), other, Text(Long), "+1\r\n" }));
        var expected = string.Concat(around.SelectMany(other => new[] { "*4\r\n", "$-1\r\n", other, "$-1\r\n", "+1\r\n" }));

        foreach (var sync in new[] { false, true })
        {
            await using var replies = new BoundedReplies(new Cut(Encoding.Latin1.GetBytes(came), atOnce), errors.Add);
            var read = new MemoryStream();
            var buffer = new byte[1000];
            while ((sync ? replies.Read(buffer) : await replies.ReadAsync(buffer, TestContext.Current.CancellationToken)) is > 0 and var count)
            {
                read.Write(buffer, 0, count);
            }

            Assert.Equal(expected, Encoding.Latin1.GetString(read.ToArray()));
        }

        Assert.Equal(["ERR no $5", "ERR no $5"], errors.Select(error => error.TrimEnd()));
    }

    [Fact]
    public async Task A_line_that_does_not_end_is_not_kept()
    {
        await using var replies = new BoundedReplies(new Cut(Encoding.Latin1.GetBytes("+" + Long + Long), 4096), _ => { });

        await Assert.ThrowsAsync<InvalidDataException>(() => replies.ReadAsync(new byte[10], TestContext.Current.CancellationToken).AsTask());
    }

    /// <summary>Gives no more than so much at once.</summary>
    private sealed class Cut(byte[] content, int atOnce) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, atOnce)]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
