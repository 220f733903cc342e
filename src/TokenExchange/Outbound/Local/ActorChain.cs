using TokenExchange.Inbound;

namespace TokenExchange.Outbound.Local;

/// <summary>The chain of actors in an <c>act</c> claim.</summary>
/// <remarks>RFC 8693 §4.1.</remarks>
internal static class ActorChain
{
    /// <summary>The most actors in a token, the one that joins here included.</summary>
    public const int MostActors = 8;

    /// <summary>Whether the token's actors are too many, one more counted where one <paramref name="joins"/>, or hold the server that the token is for.</summary>
    public static ExchangeResult.Refused? Refusal(ValidatedToken subject, bool joins) =>
        subject.Actors.Length > (joins ? MostActors - 1 : MostActors) || subject.Actors.Contains(subject.Resource, StringComparer.Ordinal)
            ? new(ExchangeError.ActorChainRefused, Diagnostic: "act")
            : null;
}
