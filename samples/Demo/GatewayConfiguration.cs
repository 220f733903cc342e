using System.Text.Json;
using System.Text.Json.Nodes;
using Demo.AuthorizationServer;

namespace Demo;

/// <summary>Writes the gateway.json of the demo: nothing in it is special, the same keys configure a gateway in production.</summary>
internal static class GatewayConfiguration
{
    public const string ClientId = "mcp-gateway";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The name of the authorization server in the configuration.</summary>
    public const string AuthorizationServer = "development";

    /// <summary>The text of gateway.json for a gateway at <paramref name="publicUrl"/>, which shares its state when there is one.</summary>
    public static string Write(string publicUrl, DevelopmentAuthorizationServer issuer, string clientKeyFile, IReadOnlyList<Route> routes, string? state, string sessionKeyFile)
    {
        var gateway = new JsonObject
        {
            ["PublicUrl"] = publicUrl,
            ["AuthorizationServers"] = new JsonObject
            {
                [AuthorizationServer] = new JsonObject
                {
                    ["Issuer"] = issuer.Issuer,
                    ["Client"] = new JsonObject { ["Id"] = ClientId, ["Authentication"] = "private_key_jwt", ["KeyFile"] = clientKeyFile },
                    ["BackchannelLogout"] = true,
                },
            },
            ["DrainDelay"] = "00:00:00",
            ["Servers"] = new JsonObject(routes.Select(route => KeyValuePair.Create(route.Id, (JsonNode?)Server(route)))),
        };
        if (state is not null)
        {
            gateway["SessionKeyFile"] = sessionKeyFile;
            gateway["SharedState"] = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray(state), ["Tls"] = false } };
        }

        return new JsonObject
        {
            ["Gateway"] = gateway,
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Information", ["Microsoft"] = "Warning", ["Yarp"] = "Warning" } },
        }.ToJsonString(Indented);
    }

    private static JsonObject Server(Route route) => new()
    {
        ["Destinations"] = new JsonArray(route.Destination),
        ["RequiredScopes"] = new JsonArray(route.Scope),
        ["Outbound"] = new JsonObject
        {
            ["Mode"] = "exchange",
            ["AuthorizationServer"] = AuthorizationServer,
            ["Scopes"] = new JsonArray(route.Scope),
        },
    };
}
