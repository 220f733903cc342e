using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using TokenExchange.Outbound;

namespace Gateway.Commands;

/// <summary>An authority on a terminal: what it is good for, in words, and control characters of others as question marks.</summary>
internal static class AuthorityText
{
    public static string Of(Authority authority, AuthorityPart part) => part switch
    {
        AuthorityPart.Audience => Joined(authority.Audiences),
        AuthorityPart.Subject => authority.Subject is { } subject ? Visible(subject) : "(not to be seen)",
        AuthorityPart.Scope => Joined(authority.Scopes),
        AuthorityPart.Details => Json(authority.Details),
        AuthorityPart.Actors => Json(authority.Actors),
        AuthorityPart.Confirmation => Json(authority.Confirmation),
        _ => authority.Ends == default ? "(none)" : authority.Ends.UtcDateTime.ToString("u", CultureInfo.InvariantCulture),
    };

    /// <summary>The names of parts; a word when there are none.</summary>
    public static string Of(ImmutableArray<AuthorityPart> parts) => parts.IsEmpty ? "nothing" : string.Join(", ", parts.Select(NameOf));

    public static string NameOf(AuthorityPart part) => part switch
    {
        AuthorityPart.Audience => "aud",
        AuthorityPart.Subject => "sub",
        AuthorityPart.Scope => "scope",
        AuthorityPart.Details => "authorization_details",
        AuthorityPart.Actors => "act",
        AuthorityPart.Confirmation => "cnf",
        _ => "exp",
    };

    private static string Json(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? "(none)" : Visible(value.GetRawText());

    private static string Joined(IEnumerable<string> values) => string.Join(' ', values) is { Length: > 0 } text ? Visible(text) : "(none)";

    private static string Visible(string text) => Shown.Visible(Shown.Foreign(text));
}
