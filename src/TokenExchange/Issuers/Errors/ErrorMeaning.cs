namespace TokenExchange.Issuers.Errors;

/// <summary>What an error of a token endpoint means for the request at hand.</summary>
internal enum ErrorMeaning
{
    /// <summary>This subject token is not accepted.</summary>
    Subject,

    /// <summary>The user has to do something first.</summary>
    Interaction,

    /// <summary>The target or a policy says no.</summary>
    Target,

    /// <summary>Too many actors stand between the user and the target.</summary>
    ActorChain,

    /// <summary>The gateway is not who it should be, or not allowed to exchange: true for all its requests.</summary>
    Client,

    /// <summary>The gateway asked in a way that can never work, as it is configured.</summary>
    Configuration,

    /// <summary>The server is out of order for now.</summary>
    Outage,
}
