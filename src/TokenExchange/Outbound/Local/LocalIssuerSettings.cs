namespace TokenExchange.Outbound.Local;

/// <summary>The local issuer as configured.</summary>
/// <param name="Issuer">The <c>iss</c> of hop tokens; differs from every resource identifier and is never accepted inbound.</param>
/// <param name="KeyDirectory">The directory of PKCS#8 PEM private keys; watched.</param>
/// <param name="Algorithm">ES256, ES384, PS256 or RS256.</param>
public sealed record LocalIssuerSettings(string Issuer, string KeyDirectory, string Algorithm);

/// <summary>How hop tokens for one server are minted.</summary>
/// <param name="Lifetime">Their life, more than nothing and at most 5 minutes; never beyond the inbound token's.</param>
/// <param name="Claims">Inbound claims that are carried over; a claim that the issuer itself states, or that would widen or bind the token, never is.</param>
/// <param name="QualifySubject">Whether the subject is qualified by its issuer, as it must be with several inbound issuers.</param>
public sealed record LocalTokenSettings(TimeSpan Lifetime, IReadOnlyList<string> Claims, bool QualifySubject)
{
    /// <summary>Whether a claim of that name is carried over where <see cref="Claims"/> names it.</summary>
    public static bool CanCarry(string claim) => !HopTokenWriter.NeverCarried.Contains(claim);
}

/// <summary>The key directory holds no usable key, or one that must not be used. The message says where and why, never a key.</summary>
public sealed class LocalIssuerException(string message) : Exception(message);
