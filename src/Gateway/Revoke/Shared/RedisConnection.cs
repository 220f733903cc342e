using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
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

    /// <summary>Who the server's certificate must lead to; looked at for each connection, so that it can be changed.</summary>
    private readonly CredentialFile<X509Certificate2Collection>? authority =
        options.CaFile is { } file ? new("CaFile", file, FileContent.Public, PemCertificates.Read, TimeProvider.System, TimeSpan.Zero) : null;

    private readonly Lock gate = new();
    private Task<ConnectionMultiplexer>? connecting;
    private ConnectionMultiplexer? multiplexer, sentinels;
    private bool disposed;

    /// <summary>Told when something was written to the log, here or elsewhere.</summary>
    public Action? Hinted { get; set; }

    /// <summary>The last error that the server said since it was asked with success, but for one that says no more than that there was another; null without.</summary>
    public string? LastError { get; set; }

    /// <summary>A name of the gateway's own.</summary>
    public RedisKey Key(string name) => options.Prefix + name;

    public RedisChannel Hint => RedisChannel.Literal(options.Prefix + "hint");

    /// <summary>The database of the primary. Throws what connecting throws.</summary>
    public async ValueTask<IDatabase> DatabaseAsync() => (Volatile.Read(ref multiplexer) ?? await ConnectAsync()).GetDatabase();

    /// <summary>The password as the file has it now; null without a file. Throws what reading it throws.</summary>
    internal string? Password => options.PasswordFile is null ? null : Encoding.UTF8.GetString(PrivateFile.Read(options.PasswordFile, FileContent.Secret)).Trim();

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            disposed = true;
        }

        if (Interlocked.Exchange(ref multiplexer, null) is { } connected)
        {
            await connected.DisposeAsync();
        }

        if (Interlocked.Exchange(ref sentinels, null) is { } asked)
        {
            await asked.DisposeAsync();
        }
    }

    /// <summary>One attempt for all who need the connection meanwhile: one after another would wait for the failure of each before.</summary>
    private Task<ConnectionMultiplexer> ConnectAsync()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return connecting is { IsCompleted: false } or { IsCompletedSuccessfully: true } ? connecting : connecting = AttemptAsync();
        }
    }

    private async Task<ConnectionMultiplexer> AttemptAsync()
    {
        // Files are read below, and nobody waits for them under the lock.
        await Task.Yield();
        var (connected, asked) = options.ServiceName is null ? (await ConnectionMultiplexer.ConnectAsync(Settings()), null) : await AskSentinelsAsync();
        try
        {
            await connected.GetSubscriber().SubscribeAsync(Hint, (_, _) => Hinted?.Invoke());
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // Without hints, the log is looked at once in a while.
        }

        lock (gate)
        {
            if (!disposed)
            {
                (sentinels, multiplexer) = (asked, connected);
                return connected;
            }
        }

        await connected.DisposeAsync();
        await (asked?.DisposeAsync() ?? default);
        throw new ObjectDisposedException(nameof(RedisConnection));
    }

    /// <summary>Where they say that the primary is, now and later.</summary>
    private async Task<(ConnectionMultiplexer Primary, ConnectionMultiplexer? Sentinels)> AskSentinelsAsync()
    {
        // They know no ECHO, which integrity is made of, and have other users.
        var settings = Settings();
        (settings.HighIntegrity, settings.User) = (false, null);
        ConnectionMultiplexer? asked = null;
        try
        {
            asked = await ConnectionMultiplexer.SentinelConnectAsync(settings);
            if (await UnknownNameAsync(asked) is { } unknown)
            {
                throw new StateException(unknown);
            }

            // It waits for answers where it stands.
            var primary = await Task.Run(() => asked.GetSentinelMasterConnection(Settings()));
            return (primary, asked);
        }
        catch
        {
            if (asked is not null)
            {
                await asked.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>What to compare where sentinels tell which primaries they know, and <c>ServiceName</c> is none of any; null where one knows it, or none tells.</summary>
    private async Task<string?> UnknownNameAsync(ConnectionMultiplexer asked)
    {
        string? unknown = null;
        foreach (var sentinel in asked.GetServers())
        {
            try
            {
                var known = (await sentinel.SentinelMastersAsync()).Select(primary => primary.FirstOrDefault(pair => pair.Key == "name").Value).ToArray();
                if (known.Contains(options.ServiceName))
                {
                    return null;
                }

                // Of what the peer says, only what can be a name of that kind, and no more than anybody reads.
                var names = known.Where(name => name is { Length: > 0 and <= 64 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')).Take(8);
                unknown ??= $"Sentinel at {(sentinel.EndPoint is DnsEndPoint host ? $"{host.Host}:{host.Port}" : sentinel.EndPoint.ToString())} knows no primary named '{options.ServiceName}', but {(string.Join(", ", names) is { Length: > 0 } told ? told : "none")}: compare ServiceName";
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException or InvalidOperationException or FormatException)
            {
                // Another one may tell.
            }
        }

        return unknown;
    }

    private ConfigurationOptions Settings()
    {
        var settings = new ConfigurationOptions
        {
            Defaults = new Defaults(this),
            User = options.User,
            ServiceName = options.ServiceName,
            AbortOnConnectFail = false,
            ConnectRetry = 1,
            ConnectTimeout = (int)Patience.TotalMilliseconds,
            AsyncTimeout = (int)Patience.TotalMilliseconds,
            SyncTimeout = (int)Patience.TotalMilliseconds,
            ReconnectRetryPolicy = new LinearRetry(500),

            // Who is the primary is asked each second: one that was made a replica keeps its connections, and by default would be asked for a minute.
            ConfigCheckSeconds = 1,

            // What cannot be asked now is refused now; a request does not wait for a connection.
            BacklogPolicy = BacklogPolicy.FailFast,
            Protocol = RedisProtocol.Resp2,

            // A number is asked for with each command, and its answer counts once that has come back: answers have no other name, and
            // after one too many each would be taken for the next one's.
            HighIntegrity = true,

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

        settings.Tunnel = new Wire(options.Tls ? host => new() { TargetHost = host, CertificateChainPolicy = OfflineChain.Policy(Roots()) } : null, error => LastError = StateReason.IsOfAnother(error) ? LastError : error);
        return settings;
    }

    private X509Certificate2Collection? Roots() =>
        authority is null ? null : authority.TryRead(out var roots, out var diagnostic) ? roots : throw new AuthenticationException(diagnostic);

    /// <summary>What every connection goes over, those that Sentinel leads to included: TLS, where it is wanted, and no answer that is longer than any.</summary>
    private sealed class Wire(Func<string, SslClientAuthenticationOptions>? tls, Action<string> refused) : Tunnel
    {
        public override async ValueTask<Stream?> BeforeAuthenticateAsync(EndPoint endpoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken)
        {
            Stream stream = new NetworkStream(socket!);
            if (tls is not null)
            {
                var secure = new SslStream(stream);
                using var patience = new CancellationTokenSource(Patience);
                try
                {
                    await secure.AuthenticateAsClientAsync(tls(endpoint is DnsEndPoint name ? name.Host : ((IPEndPoint)endpoint).Address.ToString()), patience.Token);
                }
                catch (Exception failure) when (failure is not AuthenticationException)
                {
                    throw new AuthenticationException("No TLS is spoken there.", failure);
                }

                stream = secure;
            }

            return new BoundedReplies(stream, refused);
        }
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
