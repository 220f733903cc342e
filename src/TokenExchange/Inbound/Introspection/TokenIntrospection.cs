using System.Collections.Concurrent;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Introspection;

/// <summary>A token that its issuer says is not active.</summary>
/// <param name="Issuer">The issuer that was asked.</param>
/// <param name="Subject">The token's subject; null when no answer ever named one.</param>
/// <param name="Token">The digest of the token.</param>
public sealed record InactiveToken(string Issuer, string? Subject, TokenDigest Token)
{
    /// <summary>Names nobody.</summary>
    public override string ToString() => $"inactive token of {Issuer}";
}

/// <summary>
/// The word of one authorization server on whether tokens are active, remembered for a short time. Each token is asked
/// about once at a time, however many wait; a server that gives no clear word has said nothing, and nothing is remembered.
/// </summary>
/// <remarks>RFC 7662 §2 and §4.</remarks>
public sealed class TokenIntrospection
{
    // More than this many at once would be a flood of made-up tokens, relayed to the authorization server. A quarter of the
    // places is for tokens that are known to have been active, which nobody can make up.
    private const int MostAtOnce = 256;
    private const int MostStrangers = MostAtOnce * 3 / 4;
    private static readonly IntrospectionAnswer Crowded = new IntrospectionAnswer.Unavailable(TimeSpan.FromSeconds(1), "too many at once");

    private readonly ConcurrentDictionary<TokenDigest, Lazy<Task<IntrospectionAnswer>>> asking = new();
    private readonly IntrospectionAnswers answers;
    private readonly IntrospectionClient client;
    private readonly AuthorizationServer server;
    private readonly Action<InactiveToken>? inactive;
    private int underWay;
    private int strangers;

    /// <summary>Asks nobody yet. Throws when the client's settings cannot work.</summary>
    /// <param name="server">The authorization server.</param>
    /// <param name="client">As whom the gateway asks.</param>
    /// <param name="endpoint">Where; null: what the metadata names.</param>
    /// <param name="always">Whether JWTs are asked about too, after every other check.</param>
    /// <param name="maxAge">How long an answer counts, from when it was asked for.</param>
    /// <param name="inactive">Told of each answer that says "not active", before anybody is answered.</param>
    public TokenIntrospection(AuthorizationServer server, ClientSettings client, Uri? endpoint, bool always, TimeSpan maxAge, Action<InactiveToken>? inactive = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        this.server = server;
        this.inactive = inactive;
        this.client = new IntrospectionClient(server, client, endpoint);
        answers = new IntrospectionAnswers(maxAge, server.Clock);
        Always = always;
    }

    /// <summary>Whether JWTs are asked about too.</summary>
    public bool Always { get; }

    internal ValueTask<IntrospectionAnswer> AskAsync(ReadOnlyMemory<char> token, TokenDigest digest, string? subject, CancellationToken cancellationToken)
    {
        if (answers.Find(digest) is { } known)
        {
            return new(known);
        }

        var flight = asking.GetOrAdd(digest, _ => new(() => AskOnceAsync(token, digest, subject)));
        return new(flight.Value.WaitAsync(cancellationToken));
    }

    // Belongs to nobody who waits, so that one who leaves takes nothing from the others; the endpoint has its own time limit.
    private async Task<IntrospectionAnswer> AskOnceAsync(ReadOnlyMemory<char> token, TokenDigest digest, string? subject)
    {
        // Of a JWT the subject is known once its signature was verified; of an opaque token when it was active before.
        var last = subject ?? answers.LastSubject(digest);
        var stranger = last is null;
        try
        {
            // Both are counted in any case, as both are taken back below.
            var tooMany = Interlocked.Increment(ref underWay) > MostAtOnce;
            var tooManyStrangers = stranger && Interlocked.Increment(ref strangers) > MostStrangers;
            if (tooMany || tooManyStrangers)
            {
                return Crowded;
            }

            var asked = Moment.Now(server.Clock);
            var answer = await client.IntrospectAsync(token, last, CancellationToken.None);
            if (answer is IntrospectionAnswer.Inactive)
            {
                inactive?.Invoke(new(server.Settings.Issuer, last is { Length: > 0 } ? last : null, digest));
            }

            if (answer is not IntrospectionAnswer.Unavailable)
            {
                answers.Put(digest, answer, asked);
            }

            return answer;
        }
        finally
        {
            asking.TryRemove(digest, out _);
            Interlocked.Decrement(ref underWay);
            if (stranger)
            {
                Interlocked.Decrement(ref strangers);
            }
        }
    }
}
