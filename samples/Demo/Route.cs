namespace Demo;

/// <summary>A server of the gateway, as the gateway and the authorization server are told of it.</summary>
/// <param name="Id">Its id at the gateway, and so its path.</param>
/// <param name="Destination">The MCP server's URL, which is its resource identifier.</param>
/// <param name="Scope">The scope that it asks for, and the only one that its hop tokens carry.</param>
/// <param name="More">Further scopes that a user may be granted.</param>
internal sealed record Route(string Id, string Destination, string Scope, params string[] More)
{
    /// <summary>The id of a server that the user of the demo brought along.</summary>
    public const string Own = "mine";
}
