using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Staging;

namespace Deputy.Families;

/// <summary>A token is good at the server whose exact identifier is its audience, and nowhere else.</summary>
internal static class AudienceCases
{
    private const string Mcp = "MCP Authorization, Token Audience Binding and Validation";
    private const string Exact = "RFC 7519 §4.1.3; RFC 3986 §6.2.1: compared character by character";
    private const string Shape = "RFC 7519 §4.1.3: a string or an array of strings";
    private const string Single = "RFC 9700 §2.3: restricted to one resource server";

    public static IReadOnlyList<Case> All { get; } =
    [
        Faults.Audience("audience.other-server", "A token for another server of the same gateway is refused.", Mcp, _ => Stage.Resource("beta")),
        Faults.Audience("audience.stranger", "A token for a server of somebody else is refused.", Mcp, _ => "https://mcp.elsewhere.test/alpha"),
        Faults.Audience("audience.prefix", "A prefix of the identifier is another identifier.", Exact, own => own[..^1]),
        Faults.Audience("audience.longer", "An identifier that begins with this server's is another.", Exact, own => own + "-admin"),
        Faults.Audience("audience.below", "An identifier below this server's is another.", Exact, own => own + "/tools"),
        Faults.Audience("audience.trailing-slash", "A trailing slash makes another identifier.", Exact + "; the default of Microsoft.IdentityModel ignores it", own => own + "/"),
        Faults.Audience("audience.path-case", "Paths differ in case.", Exact, own => own.Replace("alpha", "Alpha", StringComparison.Ordinal)),
        Faults.Audience("audience.host-case", "The identifier is not normalised for the token's sake.", Exact, own => own.Replace("deputy", "DEPUTY", StringComparison.Ordinal)),
        Faults.Audience("audience.scheme", "http and https are two servers.", Exact, own => own.Replace("https:", "http:", StringComparison.Ordinal)),
        Faults.Audience("audience.default-port", "The default port written out is another identifier.", Exact, own => own.Replace(".test", ".test:443", StringComparison.Ordinal)),
        Faults.Audience("audience.other-port", "Another port is another server.", Exact, own => own.Replace(".test", ".test:8443", StringComparison.Ordinal)),
        Faults.Audience("audience.base-url", "A token for the gateway's origin opens no server below it.", Mcp, own => own[..own.LastIndexOf('/')]),
        Faults.Audience("audience.base-url-slash", "Nor does one for the origin with a slash.", Mcp, own => own[..(own.LastIndexOf('/') + 1)]),
        Faults.Audience("audience.unicode-host", "A host that IDNA maps to this one is another identifier.", "RFC 5891 §5; " + Exact, own => own.Replace("mcp.deputy", "mcp。deputy", StringComparison.Ordinal)),
        Faults.Audience("audience.homograph", "A host that looks alike is another.", "UTS 39; " + Exact, own => own.Replace("deputy", "dеputy", StringComparison.Ordinal)),
        Faults.Audience("audience.punycode", "Nor is its punycode this server.", Exact, own => own.Replace("deputy", "xn--dputy-8of", StringComparison.Ordinal)),
        Faults.Audience("audience.percent-encoded", "An encoded letter makes another identifier.", Exact, own => own.Replace("/alpha", "/%61lpha", StringComparison.Ordinal)),
        Faults.Audience("audience.dot-segments", "Dot segments are not resolved.", Exact, own => own.Replace("/alpha", "/beta/../alpha", StringComparison.Ordinal)),
        Faults.Audience("audience.query", "A query makes another identifier.", Exact, own => own + "?server=alpha"),
        Faults.Audience("audience.fragment", "A fragment makes another identifier.", "RFC 8707 §2", own => own + "#alpha"),
        Faults.Audience("audience.user-info", "User information makes another identifier.", Exact, own => own.Replace("https://", "https://alpha@", StringComparison.Ordinal)),
        Faults.Audience("audience.missing", "A token without aud is for nobody.", "RFC 9068 §2.2, §4", _ => null).Change(one => one with { Run = Missing }),
        Faults.Audience("audience.null", "A null aud is for nobody.", Shape, _ => null),
        Faults.Audience("audience.empty", "An empty aud is for nobody.", Shape, _ => ""),
        Faults.Audience("audience.empty-array", "An empty array is for nobody.", Shape, _ => new JsonArray()),
        Faults.Audience("audience.number", "A number is no audience.", Shape, _ => 1),
        Faults.Audience("audience.boolean", "True is no audience.", Shape, _ => true),
        Faults.Audience("audience.object", "An object that names the server is no audience.", Shape, own => new JsonObject { [own] = own }),
        Faults.Audience("audience.nested-array", "An array in an array is no audience.", Shape, own => new JsonArray(new JsonArray(own))),
        Faults.Audience("audience.array-with-number", "An array with something else than texts is no audience.", Shape, own => new JsonArray(own, 1)),
        Faults.Audience("audience.array-with-null", "Nor is one with null.", Shape, own => new JsonArray(own, null)),
        Faults.Audience("audience.two-servers", "One token for two servers can be replayed by each at the other.", Single, own => new JsonArray(own, Stage.Resource("beta"))),
        Faults.Audience("audience.server-and-stranger", "One token for this server and somebody else's can be replayed by them here.", Single, own => new JsonArray("https://mcp.elsewhere.test/", own)),
        Faults.Audience("audience.wildcard", "A star is no audience.", Exact, _ => "*"),
        Faults.Audience("audience.wildcard-path", "Nor is a pattern.", Exact, own => own.Replace("alpha", "*", StringComparison.Ordinal)),
        Faults.Audience("audience.comma-joined", "Two audiences in one text are one other audience.", Shape, own => $"{own},{Stage.Resource("beta")}"),
        Faults.Audience("audience.space-joined", "Nor do blanks separate audiences.", Shape, own => $"{Stage.Resource("beta")} {own}"),
        Faults.Audience("audience.leading-blank", "White space is not trimmed.", Exact, own => " " + own),
        Faults.Audience("audience.trailing-newline", "Nor is a line end.", Exact, own => own + "\n"),
        Faults.Audience("audience.nul", "What stands after NUL counts.", Exact, own => own + "\0https://mcp.elsewhere.test"),
        Faults.Audience("audience.path-only", "A path is no identifier.", Exact, _ => "/alpha"),
        Faults.Audience("audience.name-only", "Nor is the server's name.", Exact, _ => "alpha"),
        Faults.Audience("audience.client-id", "A token for the gateway as a client opens no server.", "RFC 9068 §4; Keycloak puts the requester there", _ => AuthorizationServer.ClientId),
        Faults.Audience("audience.requester", "Nor does one for the client that asked for it.", "OpenID Connect Core §2: that is an ID token", _ => "deputy-client"),
        Faults.Token("audience.issuer", "A token for the authorization server itself opens no server.", "RFC 7523 §3: that is a client assertion", (token, attack) => token.Payload["aud"] = attack.Corp.Issuer),
        Faults.Audience("audience.inner", "A token for the MCP server behind is not one for the gateway.", Mcp, _ => Stage.Inner("alpha")) with { Unless = ["sidecar"] },
        Faults.Token("audience.in-other-claims", "Only aud names the audience.", "RFC 7519 §4.1.3", (token, _) =>
        {
            var own = token.Payload["aud"]!.GetValue<string>();
            token.Payload["aud"] = Stage.Resource("beta");
            token.Payload["resource"] = own;
            token.Payload["azp"] = own;
            token.Payload["Aud"] = own;
        }),
        Faults.Token("audience.reverse", "No server is the exception: the other way round.", Mcp, (token, _) => token.Payload["aud"] = Stage.Resource("alpha"), "beta") with { Needs = ["servers"] },
    ];

    private static Task<Verdict> Missing(Attack attack)
    {
        var token = attack.Token();
        token.Payload.Remove("aud");
        return attack.MustRefuseAsync(Call.Tool("alpha", token.Build()), token);
    }

    private static Case Change(this Case one, Func<Case, Case> change) => change(one);
}
