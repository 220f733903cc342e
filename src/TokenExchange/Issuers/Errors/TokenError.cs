namespace TokenExchange.Issuers.Errors;

/// <summary>
/// What an unsuccessful answer means. Its texts are compared and dropped; what is passed on is a code that a rule knows,
/// or a fixed text.
/// </summary>
/// <remarks>RFC 6749 §5.2; RFC 8693 §2.2.2.</remarks>
internal sealed record TokenError(ErrorMeaning Meaning, string Diagnostic, string? Claims = null)
{
    public static TokenError Of(EndpointAnswer.Reply reply, ServerDialect dialect)
    {
        if (reply.Status is >= 300 and < 400)
        {
            return new(ErrorMeaning.Configuration, "the endpoint redirects");
        }

        if (reply.Body is not { } body || (body.Text("error") ?? (dialect.OtherErrorMember is { } other ? body.Text(other) : null)) is not { } code)
        {
            return new(ErrorMeaning.Configuration, "the endpoint's answer is none of OAuth");
        }

        var description = body.Text("error_description");
        var explainedAt = body.Text("error_uri");
        var claims = ClaimsChallenge.Read(body);
        foreach (var rule in dialect.Errors.AddRange(ErrorRule.Standard))
        {
            if (rule.Fits(reply.Status, code, description, explainedAt, claims is not null))
            {
                return new(rule.Meaning, rule.Diagnostic(code), rule.Meaning == ErrorMeaning.Interaction ? claims : null);
            }
        }

        return new(ErrorMeaning.Configuration, ErrorRule.Unregistered);
    }
}
