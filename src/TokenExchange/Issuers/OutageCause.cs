using System.Globalization;

namespace TokenExchange.Issuers;

/// <summary>In which way a peer was not to be had, in a word for logs and audits: never a text of the peer's.</summary>
public static class OutageCause
{
    /// <summary>No answer in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>Not asked: the circuit breaker is open.</summary>
    public const string Breaker = "breaker";

    /// <summary>Not asked: what this subject, or very many, asked before took all the time there was.</summary>
    public const string Busy = "busy";

    /// <summary>The nonce of each proof was refused, and another one given, as often as it was asked: others asked in between, or it takes none.</summary>
    public const string Nonce = "nonce";

    /// <summary>The document that says where to ask was not to be had.</summary>
    public const string Metadata = "metadata";

    /// <summary>The connection ended before the answer did.</summary>
    public const string Ended = "ended";

    /// <summary>The answer is none of HTTP.</summary>
    public const string Malformed = "malformed";

    /// <summary>The answer's status says so.</summary>
    public static string Status(int status) => string.Create(CultureInfo.InvariantCulture, $"status {status}");

    /// <summary>The system's own words about a connection, where no peer had a say yet, with what is behind them; null for any other failure.</summary>
    public static string? Told(Exception? failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError,
    }
        ? failure.InnerException is System.Security.Authentication.AuthenticationException { Message: var reason } ? $"{failure.Message} {reason}" : failure.Message
        : null;

    /// <summary>Of a failure of transport: <c>name</c>, <c>connect</c>, <c>tls</c>, <c>proxy</c>, <c>malformed</c>, <c>ended</c>; null when it is none of these.</summary>
    public static string? Of(Exception? failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "name",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "connect",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "tls",
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => "proxy",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } => Malformed,
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => Ended,
        HttpProtocolException broken => OfHttp2(broken.ErrorCode),
        HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError, InnerException: HttpProtocolException broken } => OfHttp2(broken.ErrorCode),

        // A reset, a pipe that takes nothing any more, or what HttpClient itself broke the connection off for.
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: IOException broken } => Of(broken.InnerException) ?? Ended,
        _ => null,
    };

    /// <summary>Of an error code of HTTP/2 (RFC 9113 §7), the peer's or our own word on the peer: whether one does not understand the other.</summary>
    private static string OfHttp2(long code) => code is 0x1 or 0x3 or 0x5 or 0x6 or 0x9 or 0xd ? Malformed : Ended;
}
