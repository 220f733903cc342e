using System.Collections.Frozen;
using System.Text.Json;
using TokenExchange.Request.Profiles;

namespace TokenExchange.Request;

/// <summary>
/// What an unsuccessful answer means. Its texts are compared and dropped; what is passed on is a registered code or a
/// fixed text.
/// </summary>
/// <remarks>RFC 6749 §5.2; RFC 8693 §2.2.2.</remarks>
internal sealed record TokenError(ErrorMeaning Meaning, string Diagnostic, string? Claims = null)
{
    private static readonly FrozenSet<string> Known = ErrorRule.Standard.Select(rule => rule.Code)
        .Append("invalid_resource")
        .ToFrozenSet(StringComparer.Ordinal);

    public static TokenError Of(EndpointAnswer.Reply reply, ExchangeProfile profile)
    {
        if (reply.Status is >= 300 and < 400)
        {
            return new(ErrorMeaning.Configuration, "the endpoint redirects");
        }

        if (reply.Body is not { } body || body.Text("error") is not { } code)
        {
            return new(ErrorMeaning.Configuration, "the endpoint's answer is none of OAuth");
        }

        var description = body.Text("error_description");
        foreach (var rule in profile.Errors.AddRange(ErrorRule.Standard))
        {
            if (rule.Fits(code, description))
            {
                return new(rule.Meaning, Known.TryGetValue(code, out var known) ? known : "an error code of the product", Challenge(rule.Meaning, body));
            }
        }

        return new(ErrorMeaning.Configuration, "an unregistered error code");
    }

    private static string? Challenge(ErrorMeaning meaning, JsonElement body) =>
        meaning == ErrorMeaning.Interaction ? ClaimsChallenge.Read(body) : null;
}
