using TokenExchange.Issuers;
using TokenExchange.Outbound.Profiles;

namespace TokenExchange.Outbound.Exchange;

/// <summary>Writes the parameters of an exchange as the profile wants them: one subject and at most one target.</summary>
/// <remarks>RFC 8693 §2.1; RFC 8707 §2.</remarks>
internal static class TokenRequest
{
    public static void Write(FormBody form, ExchangeProfile profile, string subjectToken, TokenExchangeRequest request, string targetIssuer)
    {
        form.Add("grant_type", profile.GrantType).Add(profile.SubjectParameter, subjectToken);
        AddIfGiven(form, "subject_token_type", profile.SubjectTokenType);
        AddIfGiven(form, "requested_token_type", profile.RequestedTokenType);
        foreach (var (name, value) in profile.FixedParameters)
        {
            form.Add(name, value);
        }

        AddTarget(form, profile.Target, request.Target, targetIssuer);
        AddScope(form, profile.Scope, request);
    }

    private static void AddTarget(FormBody form, TargetParameter parameter, OutboundTarget target, string targetIssuer)
    {
        switch (parameter)
        {
            case TargetParameter.AudienceElseResource when target.Audience is null:
                form.Add("resource", target.Resource);
                break;
            case TargetParameter.AudienceElseResource when target.ResultAudiencesGiven:
                form.Add("audience", target.Audience).Add("resource", target.Resource);
                break;
            case TargetParameter.AudienceElseResource:
            case TargetParameter.Audience:
                form.Add("audience", target.Audience ?? target.Resource);
                break;
            case TargetParameter.Resource:
                form.Add("resource", target.Resource);
                break;
            case TargetParameter.IssuerAndResource:
                form.Add("audience", targetIssuer).Add("resource", target.Resource);
                break;
            case TargetParameter.None:
                break;
        }
    }

    private static void AddScope(FormBody form, ScopeParameter parameter, TokenExchangeRequest request)
    {
        if (parameter == ScopeParameter.TargetDefault)
        {
            form.Add("scope", TargetPrefix(request.Target) + ".default");
        }
        else if (parameter == ScopeParameter.AsAsked && request.Scopes.Count > 0)
        {
            form.Add("scope", request.Scopes.ToString());
        }
    }

    /// <summary>What stands before each scope of the target where scopes name their target.</summary>
    public static string TargetPrefix(OutboundTarget target) => (target.Audience ?? target.Resource) + "/";

    private static void AddIfGiven(FormBody form, string name, string? value)
    {
        if (value is not null)
        {
            form.Add(name, value);
        }
    }
}
