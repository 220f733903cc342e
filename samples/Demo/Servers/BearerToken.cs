using System.Text.Json.Nodes;

namespace Demo.Servers;

/// <summary>A token that an MCP server received and found good.</summary>
internal sealed record BearerToken(string Value, string Subject, JsonObject Claims)
{
    /// <summary>The token of an authenticated request. Only to be shown: a server has no other use for the text of a token.</summary>
    public static BearerToken Of(HttpContext context)
    {
        var token = context.GetHopToken()!;
        return new(context.Request.Headers.Authorization.ToString().Split(' ')[1], token.Subject, JsonObject.Create(token.Claims)!);
    }

    /// <summary>Without the token itself: what prints a record must not print a credential.</summary>
    public override string ToString() => $"token of {Subject}";
}
