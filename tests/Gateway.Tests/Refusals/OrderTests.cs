using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>A request with many faults gets the first one's answer; as faults are mended from the front, the next shows.</summary>
public sealed class OrderTests
{
    [Fact]
    public async Task The_first_fault_of_the_order_wins_at_every_stage()
    {
        await using var world = await World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!.AsObject();
            weather["AllowedClients"] = new JsonArray("agent");
            weather["RequiredClaims"] = new JsonArray(new JsonObject { ["Claim"] = "tid", ["AnyOf"] = new JsonArray("acme") });
            weather["RequiredScopes"] = new JsonArray("base");
            weather["Operations"] = new JsonArray(
                new JsonObject { ["Method"] = "tools/call", ["Name"] = "drop", ["Deny"] = true },
                new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete", ["Scopes"] = new JsonArray("admin") });
        });
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var request = new Faulty();
        (string Reason, Action Mend)[] order =
        [
            ("not_found", () => request.Path = "/weather"),
            ("method_not_allowed", () => request.Method = HttpMethod.Post),
            ("origin_not_allowed", () => request.Origin = null),
            ("multiple_credentials", () => request.Query = ""),
            ("signature_invalid", () => request.Tampered = false),
            ("expired", () => request.Claims.Remove("exp")),
            ("subject_invalid", () => request.Claims.Remove("sub")),
            ("audience_invalid", () => request.Claims["aud"] = new JsonArray(World.WeatherResource, World.NotesResource)),
            ("audience_not_single", () => request.Claims.Remove("aud")),
            ("sender_constrained", () => request.Claims.Remove("cnf")),
            ("client_not_allowed", () => request.Claims.Remove("client_id")),
            ("claim_refused", () => request.Claims["tid"] = "acme"),
            ("claim_refused", () => request.Claims.Remove("may_act")),
            ("actor_chain_refused", () => request.Claims.Remove("act")),
            ("insufficient_scope", () => request.Claims["scope"] = "base"),
            ("body_invalid", () => request.Body = Messages.Call("drop")),
            ("header_mismatch", () => request.Header = "tools/call"),
            ("operation_denied", () => request.Body = Messages.Call("delete")),
            ("insufficient_scope", () => request.Claims["scope"] = "base admin"),
            ("session_not_yours", () => request.Session = null),
        ];

        foreach (var (reason, mend) in order)
        {
            Assert.Equal(reason, (await request.SendAsync(world)).Reason);
            Assert.Empty(world.As.Exchanges);
            mend();
        }

        Assert.Equal("exchange_unavailable", (await request.SendAsync(world)).Reason);
        world.AssertNothingWasForwarded();
        Assert.Equal([.. order.Select(step => step.Reason), "exchange_unavailable"], world.Gateway.Audit.Select(line => line["reason"]!.GetValue<string>()));
    }

    private sealed class Faulty
    {
        public string Path { get; set; } = "/weather/..;/notes";

        public string Query { get; set; } = "?access_token=x";

        public HttpMethod Method { get; set; } = HttpMethod.Put;

        public string? Origin { get; set; } = "https://evil.example.net";

        public bool Tampered { get; set; } = true;

        public string Body { get; set; } = "[]";

        public string? Header { get; set; } = "tools/list";

        public string? Session { get; set; } = "made-up";

        public JsonObject Claims { get; } = new()
        {
            ["exp"] = 1,
            ["sub"] = "",
            ["aud"] = World.NotesResource,
            ["cnf"] = new JsonObject { ["jkt"] = "x" },
            ["client_id"] = "stranger",
            ["may_act"] = new JsonObject { ["sub"] = "another-gateway" },
            ["act"] = new JsonObject { ["sub"] = World.WeatherResource },
        };

        public Task<Answer> SendAsync(World world)
        {
            var token = world.WeatherToken((_, payload) =>
            {
                foreach (var claim in Claims)
                {
                    payload[claim.Key] = claim.Value?.DeepClone();
                }
            });
            var signed = token.LastIndexOf('.') + 1;
            token = Tampered ? token[..signed] + (token[signed] == 'A' ? 'B' : 'A') + token[(signed + 1)..] : token;
            return world.Gateway.SendAsync(Method, Path + Query, token, Body, request =>
            {
                if (Origin is not null)
                {
                    request.Headers.Add("Origin", Origin);
                }

                if (Header is not null)
                {
                    request.Headers.Add("Mcp-Method", Header);
                }

                if (Session is not null)
                {
                    request.Headers.Add("Mcp-Session-Id", Session);
                }
            });
        }
    }
}
