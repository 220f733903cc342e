using System.Text;

namespace TokenExchange.AspNetCore.Http;

/// <summary>Writes the beginning that the challenges of all schemes have in common.</summary>
/// <remarks>RFC 6750 §3; RFC 9449 §7.1; RFC 9728 §5.1.</remarks>
internal static class Challenge
{
    /// <summary>A challenge that can be added to; at least one parameter must stand in it in the end.</summary>
    /// <param name="scheme"><c>Bearer</c> or <c>DPoP</c>.</param>
    /// <param name="error">The error; null: nothing was presented.</param>
    /// <param name="description">A fixed text beside the error.</param>
    /// <param name="metadataUrl">Where the resource document is; null: there is none.</param>
    /// <param name="scopes">The scopes to ask for; empty: none are named.</param>
    public static StringBuilder Begin(string scheme, string? error, string description, string? metadataUrl, string scopes)
    {
        var text = new StringBuilder(scheme);
        if (error is not null)
        {
            Add(text, "error", error);
            Add(text, "error_description", description);
        }

        if (metadataUrl is not null)
        {
            Add(text, "resource_metadata", metadataUrl);
        }

        if (scopes.Length > 0)
        {
            Add(text, "scope", scopes);
        }

        return text;
    }

    /// <summary>One parameter more; the value holds no quotation mark and no backslash.</summary>
    public static void Add(StringBuilder text, string name, string value) =>
        text.Append(text[^1] == '"' ? ", " : " ").Append(name).Append("=\"").Append(value).Append('"');
}
