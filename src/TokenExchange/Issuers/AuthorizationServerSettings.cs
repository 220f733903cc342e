namespace TokenExchange.Issuers;

/// <summary>
/// An authorization server as configured, every default resolved. A value: two equal settings share one connection, one
/// key set and one breaker, also across reloads.
/// </summary>
public sealed record AuthorizationServerSettings
{
    /// <summary>The configured name, for logs and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>The exact value of <c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where metadata is; null: the RFC 8414 well-known address of <see cref="Issuer"/>, then OpenID discovery.</summary>
    public Uri? MetadataUrl { get; init; }

    /// <summary>Where the keys are; given, no discovery happens for them.</summary>
    public Uri? JwksUrl { get; init; }

    /// <summary>Where exchanges are asked for; given, no discovery happens for it.</summary>
    public Uri? TokenEndpoint { get; init; }

    /// <summary>Whether http is allowed to hosts other than loopback.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>How often the key set is fetched anew.</summary>
    public TimeSpan KeyRefresh { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The least time between two fetches of keys that tokens with an unknown key id ask for; anybody can make one up.</summary>
    public TimeSpan UnknownKeyPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time limit of one request to the server.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How far its clock may be off.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How the product speaks with its clients; its name says as well how it exchanges tokens.</summary>
    public ServerDialect Dialect { get; init; } = ServerDialect.Standard;

    /// <summary>Whether users are sent there to sign in, and clients' token requests are passed on: then its metadata is read for that, too.</summary>
    public bool SignsIn { get; init; }

    /// <summary>Whether an answer without <c>issued_token_type</c> passes (some servers omit it against RFC 8693 §2.2.1).</summary>
    public bool AllowMissingIssuedTokenType { get; init; }
}

/// <summary>How the gateway authenticates at an authorization server.</summary>
public sealed record ClientSettings
{
    /// <summary>The client identifier.</summary>
    public required string Id { get; init; }

    /// <summary>The method.</summary>
    public required ClientAuthenticationMethod Authentication { get; init; }

    /// <summary>A file with the secret, re-read when it changes.</summary>
    public string? SecretFile { get; init; }

    /// <summary>The secret itself; a file is better.</summary>
    public ClientSecret? Secret { get; init; }

    /// <summary>A PEM file with the private key of <c>private_key_jwt</c> or <c>tls_client_auth</c>, re-read when it changes.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The <c>kid</c> of client assertions; null: none is sent, unless a certificate gives <c>x5t#S256</c>.</summary>
    public string? KeyId { get; init; }

    /// <summary>A PEM file with the certificate of <see cref="KeyFile"/>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>A file with a ready assertion, re-read when it changes.</summary>
    public string? AssertionFile { get; init; }

    /// <summary>The <c>aud</c> of client assertions; null: the server's issuer.</summary>
    public string? AssertionAudience { get; init; }

    /// <summary>What kind of assertion <see cref="AssertionFile"/> holds: <c>jwt-bearer</c> or <c>jwt-spiffe</c>.</summary>
    /// <remarks>RFC 7523 §2.2; draft-ietf-oauth-spiffe-client-auth §4.</remarks>
    public AssertionType AssertionType { get; init; }
}

/// <summary>A secret that does not print.</summary>
public sealed class ClientSecret(string value) : IEquatable<ClientSecret>
{
    internal string Value { get; } = value;

    /// <inheritdoc/>
    public bool Equals(ClientSecret? other) => other is not null && other.Value == Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ClientSecret);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Value);

    /// <summary>Names no part of the secret.</summary>
    public override string ToString() => "(secret)";
}
