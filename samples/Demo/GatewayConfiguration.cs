using System.Text.Json;
using System.Text.Json.Nodes;
using Demo.AuthorizationServer;
using Demo.Servers;

namespace Demo;

/// <summary>Writes the gateway.json of the demo: nothing in it is special, the same keys configure a gateway in production.</summary>
internal static class GatewayConfiguration
{
    public const string ClientId = "mcp-gateway";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of gateway.json for a gateway at <paramref name="publicUrl"/>.</summary>
    public static string Write(string publicUrl, DevelopmentAuthorizationServer issuer, string clientKeyFile, IReadOnlyDictionary<string, StrictMcpServer> servers) =>
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
                ["Servers"] = new JsonObject(servers.Select(server => KeyValuePair.Create(server.Key, (JsonNode?)Server(server.Key, server.Value.Resource)))),
            },
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Information", ["Microsoft"] = "Warning", ["Yarp"] = "Warning" } },
        }.ToJsonString(Indented);

    private static JsonObject Server(string id, string destination)
    {
        // The archive is a second notes server.
        var scope = id == "weather" ? WeatherServer.Scope : NotesServer.Scope;
        return new JsonObject
        {
            ["Destinations"] = new JsonArray(destination),
            ["RequiredScopes"] = new JsonArray(scope),
            ["Outbound"] = new JsonObject
            {
                ["Mode"] = "exchange",
                ["AuthorizationServer"] = "development",
                ["Scopes"] = new JsonArray(scope),
            },
        };
    }
}
