using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gateway.Authorize;
using Gateway.Exchange;
using Gateway.Sessions;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace Gateway.Revoke;

/// <summary>
/// What the stream of an HTTP+SSE session is besides a stream: the way on which the answers to posts come back. It goes on
/// by the tokens that are posted with, and owes an answer to each request that was.
/// </summary>
internal sealed class AnswerChannel
{
    /// <summary>Requests without an answer that are remembered; what is beyond is not waited for.</summary>
    private const int MaxOwed = 1024;

    /// <summary>A stream has one session; a server that announces more and more of them has the first ones waited for.</summary>
    private const int MaxSessions = 16;

    private readonly Lock gate = new();
    private readonly HashSet<BoundSession> sessions = [];
    private readonly HashSet<UInt128> owed = [];
    private readonly StreamTokens tokens = new();
    private Action? drained;
    private volatile ListReader? reader;

    public AnswerChannel(ValidatedToken opener) => tokens.Add(new TokenTrace(opener), DateTimeOffset.MinValue);

    /// <summary>Whoever asked last for a list, which comes on the stream whatever the token that opened it was good for; null until somebody does.</summary>
    public ListReader? Reader
    {
        get => reader;
        set => reader = value;
    }

    /// <summary>Whether one of the tokens that it goes on by is meant.</summary>
    public bool Any(Func<TokenTrace, bool> condition)
    {
        TokenTrace[] all;
        lock (gate)
        {
            all = tokens.All;
        }

        return all.Any(condition);
    }

    /// <summary>Whether it goes on by this token.</summary>
    public bool GoesOnBy(TokenDigest token)
    {
        lock (gate)
        {
            return tokens.Has(token);
        }
    }

    /// <summary>Goes on by this token, too.</summary>
    public void GoOnBy(TokenTrace token, DateTimeOffset now)
    {
        lock (gate)
        {
            tokens.Add(token, now);
        }
    }

    /// <summary>A session that was announced on the stream.</summary>
    public void Announce(BoundSession session)
    {
        lock (gate)
        {
            if (sessions.Count < MaxSessions)
            {
                sessions.Add(session);
            }
        }
    }

    /// <summary>The sessions that were announced on the stream.</summary>
    public BoundSession[] Sessions
    {
        get
        {
            lock (gate)
            {
                return [.. sessions];
            }
        }
    }

    /// <summary>Whether the session was announced on the stream.</summary>
    public bool Carries(BoundSession session)
    {
        lock (gate)
        {
            return sessions.Contains(session);
        }
    }

    /// <summary>Owes the answer to a request with this id, as it stands in the message.</summary>
    public void Expect(ReadOnlySpan<byte> id)
    {
        if (KeyOf(id) is { } key)
        {
            lock (gate)
            {
                if (owed.Count < MaxOwed)
                {
                    owed.Add(key);
                }
            }
        }
    }

    /// <summary>No answer will come to a request with this id.</summary>
    public void Forget(ReadOnlySpan<byte> id)
    {
        if (KeyOf(id) is { } key)
        {
            Settle(key);
        }
    }

    /// <summary>Looks for an answer in what passed on the stream.</summary>
    public void Pass(ReadOnlySpan<byte> message)
    {
        lock (gate)
        {
            if (owed.Count == 0)
            {
                return;
            }
        }

        try
        {
            var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = OperationReader.MaxDepth });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartObject && AnswersTo(ref reader) is { } key)
                {
                    Settle(key);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not for us to judge: the client gets it as it is.
        }
    }

    /// <summary>True when no answer is owed; else <paramref name="then"/> is called when none is any more.</summary>
    public bool Drain(Action then)
    {
        lock (gate)
        {
            drained = then;
            return owed.Count == 0;
        }
    }

    private void Settle(UInt128 key)
    {
        Action? then;
        lock (gate)
        {
            then = owed.Remove(key) && owed.Count == 0 ? drained : null;
        }

        then?.Invoke();
    }

    /// <summary>The id that a message answers to; null for anything but an answer.</summary>
    private static UInt128? AnswersTo(ref Utf8JsonReader reader)
    {
        UInt128? id = null;
        var answers = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isId = reader.ValueTextEquals("id"u8);
            answers |= reader.ValueTextEquals("result"u8) || reader.ValueTextEquals("error"u8);
            reader.Read();
            id = isId ? KeyOf(ref reader) : id;
            reader.Skip();
        }

        return answers ? id : null;
    }

    private static UInt128? KeyOf(ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty)
        {
            return null;
        }

        var reader = new Utf8JsonReader(id);
        reader.Read();
        return KeyOf(ref reader);
    }

    /// <summary>The same for one id however it is spelt; ids may be long, and many.</summary>
    private static UInt128? KeyOf(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> text = reader.TokenType switch
        {
            JsonTokenType.String => Encoding.UTF8.GetBytes("\"" + reader.GetString()),
            JsonTokenType.Number => Plain(reader.ValueSpan),
            _ => [],
        };
        if (text.IsEmpty)
        {
            return null;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    /// <summary>A number as its digits, without zeros at either end, and a power of ten: 1, 1.0 and 10e-1 are one. With a power beyond all measure it stays as it is spelt.</summary>
    private static byte[] Plain(ReadOnlySpan<byte> number)
    {
        var e = number.IndexOfAny((byte)'e', (byte)'E');
        var power = 0;
        if (e >= 0 && !int.TryParse(number[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power))
        {
            return number.ToArray();
        }

        var mantissa = (e < 0 ? number : number[..e]).TrimStart((byte)'-');
        var point = mantissa.IndexOf((byte)'.');
        byte[] all = point < 0 ? mantissa.ToArray() : [.. mantissa[..point], .. mantissa[(point + 1)..]];
        var digits = all.AsSpan().TrimEnd((byte)'0');
        var exponent = (long)power + all.Length - digits.Length - (point < 0 ? 0 : mantissa.Length - point - 1);
        digits = digits.TrimStart((byte)'0');
        return digits.IsEmpty ? "0"u8.ToArray() : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(number[0] == '-' ? "-" : "")}{Encoding.ASCII.GetString(digits)}e{exponent}"));
    }
}

/// <summary>By what a list is filtered: the rules that held when it was asked for, and the token that asked.</summary>
internal sealed record ListReader(McpServer Server, ScopeSet EffectiveScopes, ValidatedToken Token, string RequestId)
{
    public static ListReader Of(GatewayRequest request, Cleared cleared) => new(cleared.Server, cleared.Authorized.EffectiveScopes, cleared.Inbound, request.Id);
}
