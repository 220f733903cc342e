using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gateway.Revoke.Shared;
using Gateway.Tests.Harness;
using Harness;
using Harness.Wire;
using StackExchange.Redis;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>The authority of the shared state's certificate is changed while a replica runs.</summary>
public sealed class StateCertificateTests : IAsyncDisposable
{
    private readonly TestState state = new();
    private readonly TestAuthority before = new("state authority");
    private readonly TestAuthority after = new("next state authority");
    private readonly ConcurrentBag<Socket> connections = [];
    private readonly string file = Path.GetTempFileName();
    private readonly SocketAcceptor front;
    private volatile X509Certificate2 certificate;

    public StateCertificateTests()
    {
        certificate = before.IssueServer("127.0.0.1");
        front = new SocketAcceptor(ServeAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await front.DisposeAsync();
        await state.DisposeAsync();
        before.Dispose();
        after.Dispose();
        File.Delete(file);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_authority_is_read_at_the_next_connection_and_that_of_before_goes_on_while_the_file_is_rewritten(bool rewritten)
    {
        await File.WriteAllTextAsync(file, before.Pem, TestContext.Current.CancellationToken);
        await using var connection = new RedisConnection(new() { Endpoints = [front.Address.ToString()!], CaFile = file });
        await AnswersAsync(connection);

        if (rewritten)
        {
            await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
            Break();
            await AnswersAsync(connection);
        }

        certificate = after.IssueServer("127.0.0.1");
        await File.WriteAllTextAsync(file, after.Pem, TestContext.Current.CancellationToken);
        Break();
        await AnswersAsync(connection);
    }

    [Fact]
    public async Task Without_the_file_nobody_is_believed()
    {
        File.Delete(file);
        await using var connection = new RedisConnection(new() { Endpoints = [front.Address.ToString()!], CaFile = file });

        // At the first look its client may not have come so far.
        await Eventually.HoldsAsync(async () =>
        {
            var failure = await Record.ExceptionAsync(async () => await (await connection.DatabaseAsync()).PingAsync());
            Assert.NotNull(failure);
            return StateReason.Of(failure, null).StartsWith("tls:", StringComparison.Ordinal);
        });
    }

    private void Break()
    {
        while (connections.TryTake(out var socket))
        {
            socket.Close();
        }
    }

    /// <summary>Asks until a connection is there again.</summary>
    private static async Task AnswersAsync(RedisConnection connection)
    {
        for (var answered = false; !answered;)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            try
            {
                await (await connection.DatabaseAsync()).PingAsync();
                answered = true;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                // Not yet.
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        connections.Add(socket);
        await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stopping);
            using var behind = new TcpClient();
            await behind.ConnectAsync("127.0.0.1", state.Port, stopping);
            await Task.WhenAny(tls.CopyToAsync(behind.GetStream(), stopping), behind.GetStream().CopyToAsync(tls, stopping));
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Broken, or not believed.
        }
    }
}
