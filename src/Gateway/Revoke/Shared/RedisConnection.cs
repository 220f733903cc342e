using System.Net;
using System.Text;
using Gateway.Configuration.Options;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;

namespace Gateway.Revoke.Shared;

/// <summary>The connection to the shared state: made when it is first needed, made again when it broke, never waited for for long.</summary>
internal sealed class RedisConnection(RedisOptions options) : IAsyncDisposable
{
    /// <summary>How long a command may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim connecting = new(1);
    private ConnectionMultiplexer? multiplexer;

    /// <summary>Told when something was written to the log, here or elsewhere.</summary>
    public Action? Hinted { get; set; }

    /// <summary>A name of the gateway's own.</summary>
    public RedisKey Key(string name) => options.Prefix + name;

    public RedisChannel Hint => RedisChannel.Literal(options.Prefix + "hint");

    /// <summary>The database of the primary. Throws what connecting throws.</summary>
    public async ValueTask<IDatabase> DatabaseAsync() => (Volatile.Read(ref multiplexer) ?? await ConnectAsync()).GetDatabase();

    /// <summary>The password as the file has it now; null without a file. Throws what reading it throws.</summary>
    internal string? Password => options.PasswordFile is null ? null : Encoding.UTF8.GetString(PrivateFile.Read(options.PasswordFile, FileContent.Secret)).Trim();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref multiplexer, null) is { } connected)
        {
            await connected.DisposeAsync();
        }

        connecting.Dispose();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        await connecting.WaitAsync();
        try
        {
            if (multiplexer is { } known)
            {
                return known;
            }

            var connected = await ConnectionMultiplexer.ConnectAsync(Settings());
            try
            {
                await connected.GetSubscriber().SubscribeAsync(Hint, (_, _) => Hinted?.Invoke());
            }
            catch (RedisException)
            {
                // Without hints, the log is looked at once in a while.
            }

            Volatile.Write(ref multiplexer, connected);
            return connected;
        }
        finally
        {
            connecting.Release();
        }
    }

    private ConfigurationOptions Settings()
    {
        var settings = new ConfigurationOptions
        {
            Defaults = new Defaults(this),
            User = options.User,
            Ssl = options.Tls,
            ServiceName = options.ServiceName,
            AbortOnConnectFail = false,
            ConnectRetry = 1,
            ConnectTimeout = (int)Patience.TotalMilliseconds,
            AsyncTimeout = (int)Patience.TotalMilliseconds,
            SyncTimeout = (int)Patience.TotalMilliseconds,
            ReconnectRetryPolicy = new LinearRetry(500),

            // What cannot be asked now is refused now; a request does not wait for a connection.
            BacklogPolicy = BacklogPolicy.FailFast,
            Protocol = RedisProtocol.Resp2,

            // To ask what the server forgets by itself (INFO, CONFIG GET); nothing is changed there.
            AllowAdmin = true,
            ClientName = "mcp-gateway",
            SetClientLibrary = false,

            // Neither a key nor a channel outside of the prefix.
            TieBreaker = "",
            ConfigurationChannel = "",
        };
        foreach (var endpoint in options.Endpoints)
        {
            settings.EndPoints.Add(endpoint);
        }

        var roots = options.CaFile is { } authority ? PemCertificates.Read(File.ReadAllBytes(authority)) : null;
        settings.SslClientAuthenticationOptions = host => new() { TargetHost = host, CertificateChainPolicy = OfflineChain.Policy(roots) };
        return settings;
    }

    /// <summary>Asked at every connection, so that a password can be changed.</summary>
    private sealed class Defaults(RedisConnection connection) : DefaultOptionsProvider
    {
        public override string? Password
        {
            get
            {
                try
                {
                    return connection.Password;
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivateFileException)
                {
                    // Refused there, and said by readiness.
                    return null;
                }
            }
        }

        public override bool IsMatch(EndPoint endpoint) => true;
    }
}
