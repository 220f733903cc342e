using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using TokenExchange.Issuers;

namespace Gateway.Observe;

/// <summary>
/// What went wrong, in kinds and codes alone. The text of an exception quotes what a peer or a caller sent: HTTP's parser
/// repeats a malformed status line, and with it a token that the peer put there.
/// </summary>
internal static class Fault
{
    private const int MaxDepth = 8;

    /// <summary>Each exception of the chain by its type and its code, outermost first: <c>HttpRequestException InvalidResponse</c>.</summary>
    public static string Kinds(Exception? exception)
    {
        var text = new StringBuilder();
        for (var depth = 0; exception is not null && depth < MaxDepth; depth++, exception = exception.InnerException)
        {
            text.Append(depth == 0 ? "" : " < ").Append(exception.GetType().Name);
            if (CodeOf(exception) is { } code)
            {
                text.Append(' ').Append(code);
            }
        }

        return text.ToString();
    }

    /// <summary>The kinds, and where each was thrown.</summary>
    public static string Trace(Exception exception)
    {
        var text = new StringBuilder(Kinds(exception));
        for (var (inner, depth) = (exception, 0); inner is not null && depth < MaxDepth; inner = inner.InnerException, depth++)
        {
            text.Append(Environment.NewLine).Append(inner.GetType().FullName).Append(Environment.NewLine).Append(new StackTrace(inner, fNeedFileInfo: true));
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>For who asked for the connection: the system's own words where no peer had a say yet, else the kinds.</summary>
    public static string Told(Exception exception) => OutageCause.Told(exception) ?? Kinds(exception);

    private static string? CodeOf(Exception exception) => exception switch
    {
        // Our own text, of our own words.
        MalformedAnswerException malformed => $"({malformed.Message})",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } request => request.HttpRequestError.ToString(),
        HttpIOException body => body.HttpRequestError.ToString(),
        SocketException socket => socket.SocketErrorCode.ToString(),
        BadHttpRequestException bad => bad.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };
}

/// <summary>An MCP server's answer that cannot be passed on; the text is one of ours, and repeats nothing of the answer.</summary>
internal sealed class MalformedAnswerException(string kind) : IOException(kind);

/// <summary>More of the answers to a client waits to be read by it than is held for one.</summary>
internal sealed class UnreadAnswerException() : IOException("The client has too much to read.");
