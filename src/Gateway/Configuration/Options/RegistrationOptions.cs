using System.ComponentModel;

namespace Gateway.Configuration.Options;

/// <summary>The front for clients that cannot register at an authorization server, as written.</summary>
internal sealed class RegistrationOptions
{
    [Description("The client id, of a public client, that was registered there for all clients.")]
    [Example("11111111-2222-3333-4444-555555555555")]
    public string? ClientId { get; set; }

    [Description("Where answers may be sent: exact URIs, and http://127.0.0.1:*/…, http://[::1]:*/… or http://localhost:*/… for any port of loopback. Each must be registered there, too.")]
    [Example("""["http://127.0.0.1:*/callback", "https://vscode.dev/redirect"]""")]
    public List<string>? RedirectUris { get; set; }

    [Description("The servers that use the front, each with the scopes that the authorization server is asked for in place of what the client asks for.")]
    [Example("""{ "weather": ["api://weather/access"] }""")]
    public Dictionary<string, List<string>>? Scopes { get; set; }

    [Description("Tells the authorization server the resource (RFC 8707), where it takes one.")]
    public bool ForwardResource { get; set; }
}
