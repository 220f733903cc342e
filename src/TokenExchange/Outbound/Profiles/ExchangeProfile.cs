using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Issuers;

namespace TokenExchange.Outbound.Profiles;

/// <summary>How one authorization server product exchanges tokens: what to send and what to expect, and how it speaks with its clients.</summary>
/// <remarks>RFC 8693 §2 leaves room, and products use it. A profile is a value; nothing in it is asked of a server.</remarks>
public sealed record ExchangeProfile
{
    private static readonly FrozenDictionary<string, ExchangeProfile> All = new[]
    {
        StandardProfile.Value, KeycloakProfile.Value, EntraProfile.Value, Auth0Profile.Value, OktaProfile.Value, ZitadelProfile.Value,
        AuthentikProfile.Value, OpenIddictProfile.Value, SpringProfile.Value, TokendingsProfile.Value, CognitoProfile.Value,
        WorkOsProfile.Value, IdJagProfile.Value,
    }.ToFrozenDictionary(profile => profile.Name, StringComparer.Ordinal);

    internal ExchangeProfile()
    {
    }

    /// <summary>The name in the configuration.</summary>
    public string Name => Dialect.Name;

    /// <summary>How the product speaks with its clients, whatever they ask for.</summary>
    public required ServerDialect Dialect { get; init; }

    /// <summary>The names of all profiles, in ordinal order.</summary>
    public static ImmutableArray<string> Names { get; } = [.. All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The header types that the product stamps on access tokens, when none are configured.</summary>
    public ImmutableArray<string> TokenTypes { get; init; } = ["at+jwt"];

    /// <summary>The claims that name the subject in both tokens, when none are configured.</summary>
    public ImmutableArray<string> SubjectClaims { get; init; } = ["sub"];

    /// <summary>The longest life of a result, when none is configured.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long past the end of the subject token a result may live, when none is configured; null: as long as any result.</summary>
    public TimeSpan? MaxOutlive { get; init; }

    /// <summary>Whether the product takes an actor token.</summary>
    /// <remarks>RFC 8693 §2.1.</remarks>
    public bool TakesActorToken { get; init; } = true;

    /// <summary>Whether a result for an actor token names the actor in <c>act</c>.</summary>
    public bool NamesActor { get; init; }

    /// <summary>The scopes that the product adds by itself, when none are configured.</summary>
    public ScopeSet ExtraResultScopes { get; init; } = ScopeSet.Empty;

    /// <summary>Whether the product is made for subjects of other issuers.</summary>
    public bool TakesForeignSubjects { get; init; }

    /// <summary>The client authentication methods that work at the product; empty: any.</summary>
    public ImmutableArray<ClientAuthenticationMethod> ClientAuthentication { get; init; } = [];

    /// <summary>
    /// Whether the product looks at the subject token before it looks at what the client may do: a refusal of a subject token
    /// that nobody can accept then says nothing about the client's permissions.
    /// </summary>
    public bool ChecksSubjectFirst { get; init; }

    /// <summary>Whether the profile follows a specification that is not finished.</summary>
    public bool IsExperimental { get; init; }

    internal string GrantType { get; init; } = TokenType.ExchangeGrant;

    internal string SubjectParameter { get; init; } = "subject_token";

    /// <summary>Null: the parameter is not sent.</summary>
    internal string? SubjectTokenType { get; init; } = TokenType.AccessToken;

    /// <summary>Null: the parameter is not sent.</summary>
    internal string? RequestedTokenType { get; init; } = TokenType.AccessToken;

    internal string IssuedTokenType { get; init; } = TokenType.AccessToken;

    internal bool OmitsIssuedTokenType { get; init; }

    internal TargetParameter Target { get; init; } = TargetParameter.AudienceElseResource;

    internal ScopeParameter Scope { get; init; } = ScopeParameter.AsAsked;

    internal ImmutableArray<KeyValuePair<string, string>> FixedParameters { get; init; } = [];

    internal Func<string, ImmutableArray<string>>? Companions { get; init; }

    /// <summary>What to do about outcomes here; the first that fits counts.</summary>
    internal ImmutableArray<ProductHint> Hints { get; init; } = [];

    /// <summary>The profile of that name; null when there is none.</summary>
    public static ExchangeProfile? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>What an operator does about an outcome at this product; null where the outcome says it all.</summary>
    public string? HintFor(ExchangeResult result)
    {
        foreach (var hint in Hints)
        {
            if (hint.Fits(result))
            {
                return hint.Text;
            }
        }

        return null;
    }

    /// <summary>Audiences that the product puts beside a server's own, when none are configured; the client id comes on top.</summary>
    public ImmutableArray<string> CompanionAudiences(string issuer) => Companions?.Invoke(issuer) ?? [];

    /// <summary>Whether configuration must not add a parameter of this name: OAuth, RFC 8693 or a product defines it, and it is ours to set.</summary>
    public static bool IsReserved(string parameter) => ReservedParameters.Names.Contains(parameter);
}

/// <summary>How the one target of an exchange is said.</summary>
internal enum TargetParameter
{
    /// <summary><c>audience</c> when configured, else <c>resource</c>; both only when the result's audiences are given too.</summary>
    AudienceElseResource,

    /// <summary><c>audience</c> alone; the resource identifier stands in for an audience that is not configured.</summary>
    Audience,

    /// <summary><c>resource</c> alone.</summary>
    Resource,

    /// <summary><c>audience</c> is the authorization server of the target, <c>resource</c> the target.</summary>
    IssuerAndResource,

    /// <summary>Neither; the scope says it.</summary>
    None,
}

/// <summary>How the scope of an exchange is said.</summary>
internal enum ScopeParameter
{
    /// <summary>The scopes asked for; none: no parameter.</summary>
    AsAsked,

    /// <summary>The scope that stands for all consented permissions of the target.</summary>
    TargetDefault,

    /// <summary>No parameter.</summary>
    None,
}
