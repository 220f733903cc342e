using Duende.IdentityModel.Client;
using TokenExchange.Outbound.Profiles;
using Names = Duende.IdentityModel.OidcConstants.TokenRequest;

namespace TokenExchange.Outbound.Exchange;

/// <summary>Writes the parameters of an exchange as the profile wants them: one subject and at most one target.</summary>
/// <remarks>RFC 8693 §2.1; RFC 8707 §2.</remarks>
internal static class TokenRequest
{
    /// <summary>What stands behind a target's name for all its scopes that were consented to.</summary>
    public const string AllConsented = ".default";

    public static void Write(Parameters form, ExchangeProfile profile, string subjectToken, TokenExchangeRequest request, string targetIssuer)
    {
        form.Add(Names.GrantType, profile.GrantType);
        form.Add(profile.SubjectParameter, subjectToken);
        form.AddOptional(Names.SubjectTokenType, profile.SubjectTokenType);
        form.AddOptional(Names.RequestedTokenType, profile.RequestedTokenType);
        foreach (var (name, value) in profile.FixedParameters)
        {
            form.Add(name, value);
        }

        AddTarget(form, profile.Target, request.Target, targetIssuer);
        AddScope(form, profile.Scope, request);
    }

    private static void AddTarget(Parameters form, TargetParameter parameter, OutboundTarget target, string targetIssuer)
    {
        switch (parameter)
        {
            case TargetParameter.AudienceElseResource when target.Audience is null:
                form.Add(Names.Resource, target.Resource);
                break;
            case TargetParameter.AudienceElseResource when target.ResultAudiencesGiven:
                form.Add(Names.Audience, target.Audience);
                form.Add(Names.Resource, target.Resource);
                break;
            case TargetParameter.AudienceElseResource:
            case TargetParameter.Audience:
                form.Add(Names.Audience, target.Audience ?? target.Resource);
                break;
            case TargetParameter.Resource:
                form.Add("resource", target.Resource);
                break;
            case TargetParameter.IssuerAndResource:
                form.Add(Names.Audience, targetIssuer);
                form.Add(Names.Resource, target.Resource);
                break;
            case TargetParameter.None:
                break;
        }
    }

    private static void AddScope(Parameters form, ScopeParameter parameter, TokenExchangeRequest request)
    {
        if (parameter == ScopeParameter.TargetDefault)
        {
            form.Add(Names.Scope, TargetPrefix(request.Target) + AllConsented);
        }
        else if (parameter == ScopeParameter.AsAsked && request.Scopes.Count > 0)
        {
            form.Add(Names.Scope, request.Scopes.ToString());
        }
    }

    /// <summary>What stands before each scope of the target where scopes name their target.</summary>
    public static string TargetPrefix(OutboundTarget target) => (target.Audience ?? target.Resource) + "/";
}
