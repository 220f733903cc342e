using System.Collections.Frozen;
using System.Net.Sockets;
using System.Security.Authentication;
using StackExchange.Redis;

namespace Gateway.Revoke.Shared;

/// <summary>Why the shared state cannot be asked, and what to do, in fixed words: what the peer says is its own affair.</summary>
internal static class StateReason
{
    private const string
        Refused = "refused",
        Aborted = "EXECABORT",
        NotUnderstood = "not understood: its answers are none of the protocol, or none to what was asked; a new connection is made",
        TooMany = "it has as many clients as it takes: raise maxclients";

    private const string Cluster = "it is a cluster, which is not supported: name a primary with its replicas, or Sentinel";

    /// <summary>By the first word of an error, as Redis, Valkey and Garnet have them.</summary>
    private static readonly FrozenDictionary<string, string> Errors = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["LOADING"] = "it reads its data after a start, and answers when that is done",
        ["BUSY"] = "a script of somebody else's holds it up: end that (SCRIPT KILL)",
        ["NOAUTH"] = "it was told no user and password that it knows: write or compare User and PasswordFile",
        ["WRONGPASS"] = "it was told no user and password that it knows: compare User and PasswordFile",
        ["NOPERM"] = "the user may not do this there: give it what docs/revocation.md lists",
        ["READONLY"] = "it is a replica and takes no writes: name the primary among the Endpoints, or Sentinel",
        ["MASTERDOWN"] = "it is a replica that has lost its primary: name the primary among the Endpoints, or Sentinel",
        ["MISCONF"] = "it cannot write to its disk: make room there, or see its log",
        ["OOM"] = "its memory is full: raise maxmemory, or take out what others keep there",
        ["NOREPLICAS"] = "too few of its replicas are connected (min-replicas-to-write): see to them",
        ["WRONGTYPE"] = "somebody else's keys stand below Prefix: choose another",
        [Aborted] = "it refused a part of a transaction: see its log, and what docs/revocation.md lists",
        ["MOVED"] = Cluster,
        ["ASK"] = Cluster,
        ["TRYAGAIN"] = Cluster,
        ["CLUSTERDOWN"] = Cluster,
        ["CROSSSLOT"] = Cluster,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Barring = FrozenSet.Create(StringComparer.Ordinal, "LOADING", "BUSY", "NOAUTH", "WRONGPASS", "MASTERDOWN");

    /// <param name="exception">What its client threw.</param>
    /// <param name="last">The last error that came since an answer, which its client throws away where it finds no connection or no transaction; null without.</param>
    public static string Of(Exception exception, string? last)
    {
        var (told, barred) = last is null ? (null, null) : (OfError(last), Bars(last) ? OfError(last) : null);

        // What befell the connection stands behind the exception that says that there is none.
        var all = Within(exception).ToArray();
        if (all.OfType<RedisServerException>().FirstOrDefault() is { Message: var error })
        {
            return (IsOfAnother(error) ? told : null) ?? OfError(error) ?? barred ?? Refused;
        }

        if (all.OfType<AuthenticationException>().Any())
        {
            return "tls: its certificate does not lead to CaFile or has another name, or no TLS is spoken at that port";
        }

        if (all.OfType<SocketException>().FirstOrDefault() is { } socket)
        {
            return $"connection: {socket.SocketErrorCode}";
        }

        if (barred is not null)
        {
            return barred;
        }

        if (all.Any(inner => inner is InvalidOperationException or RedisConnectionException { FailureType: ConnectionFailureType.ResponseIntegrityFailure }))
        {
            return told ?? NotUnderstood;
        }

        if (all.OfType<RedisConnectionException>().LastOrDefault() is { } connection)
        {
            return OfConnection(connection.FailureType);
        }

        return exception switch
        {
            TimeoutException => "timeout",
            FormatException or InvalidCastException or OverflowException => NotUnderstood,
            _ => exception.GetType().Name,
        };
    }

    /// <summary>Whether it says that the key of the numbers holds none that counts on.</summary>
    public static bool IsNoNumber(string error) =>
        error.StartsWith("ERR value is not an integer", StringComparison.OrdinalIgnoreCase) || error.StartsWith("ERR increment or decrement", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it says only that another error came before.</summary>
    public static bool IsOfAnother(string error) => FirstWord(error) == Aborted;

    // Who hears it can be asked nothing; others are about one command, and come in answer to every greeting.
    private static bool Bars(string error) => Barring.Contains(FirstWord(error)) || OfError(error) == TooMany;

    private static string OfConnection(ConnectionFailureType kind) =>
        kind == ConnectionFailureType.UnableToResolvePhysicalConnection ? "connection: none to a primary; compare Endpoints, Tls and ServiceName" : $"connection: {kind}";

    /// <summary>Null for one that is none of those known.</summary>
    private static string? OfError(string message) =>
        Errors.TryGetValue(FirstWord(message), out var known) ? $"{FirstWord(message)}: {known}"
            : message.StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase) ? "it does not know a command: docs/revocation.md lists what is needed"
            : message.StartsWith("ERR max number of clients", StringComparison.OrdinalIgnoreCase) ? TooMany
            : IsNoNumber(message) ? "the key 'seq' below Prefix is no number that counts on: delete it"
            : null;

    private static string FirstWord(string message) => message.Split([' ', '\r', '\n'], 2)[0];

    private static IEnumerable<Exception> Within(Exception exception) =>
        [exception, .. (exception is AggregateException many ? many.InnerExceptions : exception.InnerException is { } inner ? [inner] : []).SelectMany(Within)];
}
