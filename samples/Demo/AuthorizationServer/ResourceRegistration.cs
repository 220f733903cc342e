namespace Demo.AuthorizationServer;

/// <summary>An MCP server as the authorization server knows it: the identifier that clients ask for, and the one behind the gateway.</summary>
/// <param name="Name">The server's name.</param>
/// <param name="Public">The resource identifier at the gateway; user tokens are minted for it.</param>
/// <param name="Internal">The resource identifier of the MCP server itself; only exchanged tokens are minted for it.</param>
/// <param name="Scopes">The scopes that a user may be granted there.</param>
internal sealed record ResourceRegistration(string Name, string Public, string Internal, IReadOnlyList<string> Scopes);
