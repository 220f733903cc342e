using System.Text.Json;

namespace TokenExchange.Issuers;

/// <summary>What came of one request to an endpoint of an authorization server; closed.</summary>
internal abstract record EndpointAnswer
{
    private EndpointAnswer()
    {
    }

    /// <summary>
    /// The server answered something other than an outage. <paramref name="Body"/> is one strict JSON object of at most
    /// 64 KiB in <c>application/json</c>, or null when the answer was anything else.
    /// </summary>
    public sealed record Reply(int Status, JsonElement? Body) : EndpointAnswer
    {
        /// <summary>What the answer calls itself where there is no body; for an operator's eyes, and somebody else's text.</summary>
        public string? MediaType { get; init; }

        /// <summary>Whether it refuses a proof for its nonce alone, and brought another one: it may be a good one the next time.</summary>
        public bool WantsAnotherNonce { get; init; }

        /// <summary>Where a redirect leads; the same.</summary>
        public string? Location { get; init; }

        public override string ToString() => $"reply {Status}";
    }

    /// <summary>Nothing worth an opinion: no connection, no answer in time, 5xx, 408 or 429.</summary>
    /// <param name="RetryAfter">What the server asked for; null when it said nothing.</param>
    /// <param name="Repeatable">Whether asking once more at once makes sense.</param>
    /// <param name="Cause">In which way it was not to be had, in a word: see <see cref="OutageCause"/>.</param>
    public sealed record Outage(TimeSpan? RetryAfter, bool Repeatable, string Cause) : EndpointAnswer;

    /// <summary>Nothing was sent: other questions of the same subject, or of very many, took all the time there was. It says nothing of the server.</summary>
    public sealed record Busy : EndpointAnswer
    {
        public static Busy Instance { get; } = new();
    }

    /// <summary>Nothing was sent, for a reason of our own configuration. <paramref name="Diagnostic"/> is a fixed text.</summary>
    public sealed record NotSent(string Diagnostic) : EndpointAnswer;
}
