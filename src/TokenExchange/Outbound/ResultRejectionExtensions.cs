using System.Diagnostics;

namespace TokenExchange.Outbound;

/// <summary>The stable detail codes of rejected results, for log and audit.</summary>
public static class ResultRejectionExtensions
{
    /// <summary>The detail code of a rejected result, say <c>result_audience</c>.</summary>
    public static string ToReason(this ResultRejection rejection) => rejection switch
    {
        ResultRejection.Shape => "result_shape",
        ResultRejection.Signature => "result_signature",
        ResultRejection.Issuer => "result_issuer",
        ResultRejection.Audience => "result_audience",
        ResultRejection.AudienceExtra => "result_audience_extra",
        ResultRejection.Subject => "result_subject",
        ResultRejection.Scope => "result_scope",
        ResultRejection.Lifetime => "result_lifetime",
        ResultRejection.Boomerang => "result_boomerang",
        ResultRejection.Actor => "result_actor",
        ResultRejection.AuthorizationDetails => "result_authorization_details",
        ResultRejection.Confirmation => "result_cnf",
        _ => throw new UnreachableException(),
    };
}
