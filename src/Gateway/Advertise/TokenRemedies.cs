using TokenExchange.Jose;

namespace Gateway.Advertise;

/// <summary>What identifies a server in a token.</summary>
internal readonly record struct Accepted(string Resource, IEnumerable<string> Audiences);

/// <summary>What would make a refused token acceptable at a server; for the operator who explains it, and never for a client.</summary>
internal static class TokenRemedies
{
    /// <summary>Null where only the page of the reason helps.</summary>
    public static Func<Accepted, string>? Of(TokenRefusal refusal) => refusal switch
    {
        TokenRefusal.AudienceInvalid or TokenRefusal.AudienceNotSingle =>
            accepted => $"Its aud must be exactly {string.Join(" or ", accepted.Audiences)}; ask the authorization server with resource={accepted.Resource}.",
        TokenRefusal.IssuerUnknown => Always("Its iss must be, character by character, the Issuer of an authorization server that is trusted inbound at this server; a slash at its end counts."),
        TokenRefusal.TypNotAllowed => Always("Its header must say typ at+jwt, or the authorization server's TokenTypes must admit JWT; ID tokens are never access tokens."),
        TokenRefusal.KidUnknown => Always("Its header must name a key that the issuer publishes now."),
        TokenRefusal.Malformed => Always("It is no JWT of three parts; opaque tokens are taken only where the authorization server has Introspection."),
        TokenRefusal.NoncanonicalEncoding => Always("Each of its three parts must be base64url without padding, as it was issued; it was cut or encoded anew on the way here."),
        TokenRefusal.AlgNotAllowed => Always("Its algorithm must be one of the authorization server's Algorithms."),
        TokenRefusal.Expired => Always("It has expired; get a fresh one."),
        TokenRefusal.LifetimeExcessive => Always("It is valid for longer than the authorization server's MaxTokenLifetime."),
        TokenRefusal.NotYetValid => Always("Its nbf or iat lies in the future; compare the clocks, and ClockSkew."),
        TokenRefusal.SignatureInvalid => Always("It was changed, or signed with another key than the one that it names."),
        TokenRefusal.SenderConstrained => Always("What it is bound to (cnf) is not proven, or it is bound to nothing and has to be. A token with cnf.jkt is sent as 'Authorization: DPoP' with a proof, one with cnf.x5t#S256 over mutual TLS, and one without cnf as Bearer, where SenderConstraint allows it."),
        TokenRefusal.Revoked => Always("It was revoked: its user was logged out, or somebody took it back; sign in again."),
        TokenRefusal.KeysUnavailable => Always("The issuer's keys could not be fetched; see doctor."),
        _ => null,
    };

    private static Func<Accepted, string> Always(string text) => _ => text;
}
