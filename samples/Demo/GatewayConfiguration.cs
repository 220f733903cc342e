using System.Text.Json;
using System.Text.Json.Nodes;
using Demo.AuthorizationServer;

namespace Demo;

/// <summary>Writes the gateway.json of the demo: nothing in it is special, the same keys configure a gateway in production.</summary>
internal static class GatewayConfiguration
{
    public const string ClientId = "mcp-gateway";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of gateway.json for a gateway at <paramref name="publicUrl"/>.</summary>
    public static string Write(string publicUrl, DevelopmentAuthorizationServer issuer, string clientKeyFile, IReadOnlyList<Route> routes) =>
        new JsonObject
        {
            ["Gateway"] = new JsonObject
            {
                ["PublicUrl"] = publicUrl,
                ["AuthorizationServers"] = new JsonObject
                {
                    ["development"] = new JsonObject
                    {
                        ["Issuer"] = issuer.Issuer,
                        ["Client"] = new JsonObject { ["Id"] = ClientId, ["Authentication"] = "private_key_jwt", ["KeyFile"] = clientKeyFile },
                    },
                },
                ["DrainDelay"] = "00:00:00",
                ["Servers"] = new JsonObject(routes.Select(route => KeyValuePair.Create(route.Id, (JsonNode?)Server(route)))),
            },
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Information", ["Microsoft"] = "Warning", ["Yarp"] = "Warning" } },
        }.ToJsonString(Indented);

    private static JsonObject Server(Route route) => new()
    {
        ["Destinations"] = new JsonArray(route.Destination),
        ["RequiredScopes"] = new JsonArray(route.Scope),
        ["Outbound"] = new JsonObject
        {
            ["Mode"] = "exchange",
            ["AuthorizationServer"] = "development",
            ["Scopes"] = new JsonArray(route.Scope),
        },
    };
}
