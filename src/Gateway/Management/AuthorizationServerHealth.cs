using TokenExchange.Issuers;

namespace Gateway.Management;

/// <summary>One authorization server's health: whether its keys are at hand and since when.</summary>
internal sealed record AuthorizationServerHealth(string Name, bool KeysAvailable, DateTimeOffset? KeysFetched)
{
    public string Issuer { get; init; } = "";

    /// <summary>When the key set came to be what it is.</summary>
    public DateTimeOffset? KeysChanged { get; init; }

    /// <summary>Why the last fetch of the keys failed; null when it did not.</summary>
    public IssuerProblem? Problem { get; init; }

    /// <summary>Since when fetches fail.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When the keys are fetched next.</summary>
    public DateTimeOffset? NextFetch { get; init; }

    /// <summary>The outage of its token endpoint that goes on.</summary>
    public EndpointOutage? TokenOutage { get; init; }

    /// <summary>The outage of its introspection endpoint that goes on.</summary>
    public EndpointOutage? IntrospectionOutage { get; init; }
}
