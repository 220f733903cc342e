using Gateway.Observe;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;

namespace Gateway.Commands;

/// <summary>Why an exchange gave no token: the cause, where, and what to do about it. What an authorization server said in OAuth's words stays in them.</summary>
internal static class ExchangeFault
{
    /// <param name="seen">The exchange.</param>
    /// <param name="profile">The product that was asked.</param>
    /// <param name="presented">The subject token, which is shown to nobody.</param>
    public static (string Problem, string Hint) Of(InspectedExchange seen, string profile, string? presented = null) => seen.Result switch
    {
        ExchangeResult.Unavailable { Cause: OutageCause.Metadata } => ("the token endpoint is not known, as the metadata cannot be had: " + Told(seen.Asked.MetadataProblem, MetadataOf(seen.Asked)), OfMetadata(seen.Asked)),
        ExchangeResult.Unavailable { Cause: "keys" } => ("the result cannot be verified: no keys of its issuer", "see the check of its keys above"),
        ExchangeResult.Unavailable unavailable => ($"the token endpoint gave no answer worth trusting: {unavailable.Cause ?? "unknown"}{At(seen)}", Remedies.ForEndpoint(unavailable.Cause, "TokenEndpoint")),
        ExchangeResult.Refused refused => (Problem(refused, seen, presented), DoctorHints.For(refused, profile)),
        ExchangeResult.Rejected when !seen.HoldsToken => ($"the endpoint's answer holds no access_token: {Answered(seen)}{At(seen)}", "no token endpoint answers so; perhaps it is a sign-in page or an error page: open it, compare the address with the product's page (docs/authorization-servers), and set TokenEndpoint"),
        ExchangeResult.Rejected rejected => ($"the result was rejected ({rejected.Detail.ToReason()})", DoctorHints.For(rejected, profile)),
        _ => ("no answer", ""),
    };

    /// <summary>Why a request gets no token for one message, in the words of its audit line.</summary>
    public static string Briefly(ExchangeResult result, string message) => $"no hop token for {message} ({result switch
    {
        ExchangeResult.Issued => ResultRejection.Lifetime.ToReason(),
        ExchangeResult.Refused refused => refused.Diagnostic ?? refused.Error.ToString(),
        ExchangeResult.Rejected rejected => rejected.Detail.ToReason(),
        ExchangeResult.Unavailable unavailable => unavailable.Cause ?? "unknown",
        _ => "none",
    }})";

    public static string Told(IssuerProblem? problem, string address) => problem is null ? $"unknown at {address}"
        : $"{problem.Cause} at {problem.Address?.GetLeftPart(UriPartial.Path) ?? address}{(problem.Detail is null ? "" : $" ({problem.Detail.TrimEnd('.')})")}{(problem.Said is null ? "" : $", where issuer is '{Shown.Foreign(problem.Said)}'")}";

    private static string Problem(ExchangeResult.Refused refused, InspectedExchange seen, string? presented) => refused.Diagnostic switch
    {
        DoctorHints.Redirects => $"{DoctorHints.Redirects}: {Answered(seen)}{At(seen)}, to {(seen.Location is { Length: > 0 } to ? Shown.Foreign(to) : "nowhere")}",
        DoctorHints.NoOAuth => $"{DoctorHints.NoOAuth}: {Answered(seen)}{At(seen)}",
        DoctorHints.NoEndpoint => $"{DoctorHints.NoEndpoint}: no token_endpoint in {MetadataOf(seen.Asked)}",
        DoctorHints.NoHttps => DoctorHints.NoHttps + At(seen),
        null => refused.Error.ToString(),
        var code => seen.ErrorDescription is { Length: > 0 } description ? $"{code} ({Shown.Foreign(description, presented).TrimEnd('.')})" : code,
    };

    private static string Answered(InspectedExchange seen) =>
        $"{OutageCause.Status(seen.Status ?? 0)}, {(seen.IsJson ? "a JSON object" : seen.MediaType is not { Length: > 0 } type ? "no media type" : type.Contains("json", StringComparison.OrdinalIgnoreCase) ? Shown.Foreign(type) + " that is no JSON object" : Shown.Foreign(type))}";

    private static string At(InspectedExchange seen) => seen.Endpoint is { } endpoint ? $" at {endpoint.GetLeftPart(UriPartial.Path)}" : "";

    private static string OfMetadata(AuthorizationServer server) =>
        server.MetadataProblem is { } problem ? Remedies.For(problem, server.Settings.Issuer) : Remedies.For((string?)null);

    private static string MetadataOf(AuthorizationServer server) =>
        server.Settings.MetadataUrl?.GetLeftPart(UriPartial.Path) ?? $"the metadata of {server.Settings.Issuer}";
}
