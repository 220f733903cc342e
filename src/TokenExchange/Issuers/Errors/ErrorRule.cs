using System.Collections.Immutable;

namespace TokenExchange.Issuers.Errors;

/// <summary>
/// Tells what an error means. Many products say one code for several things, so that a rule may ask for more as well: a
/// phrase of the description or of the address that explains it, which is compared and goes no further, the status, or that
/// a claims challenge came along. Products that number their errors say one number with several codes: such a rule has no
/// code of its own.
/// </summary>
internal sealed record ErrorRule(string? Code, ErrorMeaning Meaning, string? Phrase = null)
{
    /// <summary>Stands for a code that no rule names.</summary>
    public const string Unregistered = "an unregistered error code";

    /// <summary>What the specifications say. <c>invalid_request</c> is how RFC 8693 §2.2.2 spells a subject token that is not accepted.</summary>
    public static readonly ImmutableArray<ErrorRule> Standard =
    [
        new("invalid_request", ErrorMeaning.Subject),
        new("invalid_grant", ErrorMeaning.Subject),
        new("interaction_required", ErrorMeaning.Interaction),
        new("login_required", ErrorMeaning.Interaction),
        new("consent_required", ErrorMeaning.Interaction),
        new("insufficient_user_authentication", ErrorMeaning.Interaction),
        new("invalid_target", ErrorMeaning.Target),
        new("invalid_scope", ErrorMeaning.Target),
        new("access_denied", ErrorMeaning.Target),
        new("invalid_client", ErrorMeaning.Client),
        new("unauthorized_client", ErrorMeaning.Client),
        new("unsupported_grant_type", ErrorMeaning.Configuration),
        new("unsupported_token_type", ErrorMeaning.Configuration),
        new("invalid_dpop_proof", ErrorMeaning.Configuration),
        new("use_dpop_nonce", ErrorMeaning.Configuration),
        new("temporarily_unavailable", ErrorMeaning.Outage),
        new("server_error", ErrorMeaning.Outage),
    ];

    /// <summary>The only status that the rule is about; null: any.</summary>
    public int? Status { get; init; }

    /// <summary>Whether the rule is about errors with a claims challenge only.</summary>
    public bool WithClaims { get; init; }

    public bool Fits(int status, string code, string? description, string? explainedAt, bool hasClaims) =>
        (Code is null || code == Code)
        && (Status is null || status == Status)
        && (!WithClaims || hasClaims)
        && (Phrase is null || Says(description, Phrase) || Says(explainedAt, Phrase));

    /// <summary>What is told of the error: the rule's code, or the answer's where the rule has none and the code is registered.</summary>
    public string Diagnostic(string code) => Code ?? (Array.Exists(Registered, known => known == code) ? code : Unregistered);

    // A number is not another one's beginning: 65001 is not 650011.
    private static bool Says(string? text, string phrase)
    {
        for (var at = 0; text is not null && (at = text.IndexOf(phrase, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var end = at + phrase.Length;
            if (!char.IsAsciiDigit(phrase[^1]) || end == text.Length || !char.IsAsciiDigit(text[end]))
            {
                return true;
            }
        }

        return false;
    }

    private static readonly string[] Registered = [.. Standard.Select(rule => rule.Code!)];
}
