using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Proof;

/// <summary>With Bind dpop, a hop token is worth nothing without the gateway's key: at the MCP server, and to whoever stole it there.</summary>
public sealed class OutboundProofTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("sender-").FullName;

    [Fact]
    public async Task A_hop_token_is_bound_to_the_gateways_key_and_every_request_brings_a_proof_of_its_own()
    {
        await using var world = await StartAsync();
        var token = world.WeatherToken();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        Assert.Equal(200, (await world.Gateway.SendAsync(HttpMethod.Get, "/weather/deeper/path?x=1", token)).Status);

        var asked = ReceivedProof.Of(Assert.Single(world.As.Exchanges)["(dpop)"]);
        Assert.Equal(("POST", world.As.Issuer + "/token"), (asked.Method, asked.Uri));
        Assert.True(asked.Verifies);
        Assert.False(asked.Claims.ContainsKey("ath"));
        var proofs = world.Weather.Requests.Select(request => AssertProven(request, asked.Thumbprint)).ToArray();
        Assert.Equal(3, proofs.Select(proof => proof.Claims["jti"]!.GetValue<string>()).Append(asked.Claims["jti"]!.GetValue<string>()).Distinct().Count() - 1);
        Assert.Equal([world.Weather.Url, world.Weather.Url, world.Weather.Url + "/deeper/path"], proofs.Select(proof => proof.Uri));
        Assert.Equal(["POST", "POST", "GET"], proofs.Select(proof => proof.Method));
        Assert.Equal(ProofForge.ContentDigest(Messages.Call("echo")), proofs[0].Claims["content_digest"]!.GetValue<string>());
        Assert.False(proofs[2].Claims.ContainsKey("content_digest"));
        Assert.Equal(["issued", "hit", "hit"], world.Gateway.Audit.Select(line => line["exchange"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_proof_is_for_the_identifier_of_the_server_where_that_is_an_address()
    {
        foreach (var (resource, expected) in ((string, string?)[])[("https://weather.internal/mcp", "https://weather.internal/mcp"), ("https://weather.internal/", "https://weather.internal"), ("urn:weather", null)])
        {
            await using var world = await StartAsync(outbound => outbound["Resource"] = resource);

            Assert.Equal(200, (await world.Gateway.CallAsync("/weather/rest", world.WeatherToken())).Status);

            Assert.Equal((expected ?? world.Weather.Url) + "/rest", ReceivedProof.Of(world.Weather.Requests.Single().Headers["DPoP"]).Uri);
        }
    }

    [Fact]
    public async Task An_authorization_server_that_wants_a_nonce_gets_it_at_the_second_try_and_then_at_once()
    {
        await using var world = await StartAsync();
        world.As.DPoPNonce = "nonce-of-the-server";

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal([null, "nonce-of-the-server"], world.As.Exchanges.Select(Nonce));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["jti"] = "another"))).Status);

        Assert.Equal([null, "nonce-of-the-server", "nonce-of-the-server"], world.As.Exchanges.Select(Nonce));
        Assert.DoesNotContain("nonce-of-the-server", string.Concat(world.Weather.Requests.Select(request => ReceivedProof.Of(request.Headers["DPoP"]).Claims.ToJsonString())), StringComparison.Ordinal);

        static string? Nonce(IReadOnlyDictionary<string, string> exchange) => ReceivedProof.Of(exchange["(dpop)"]).Claims["nonce"]?.GetValue<string>();
    }

    [Fact]
    public async Task An_authorization_server_whose_every_answer_brings_the_only_good_nonce_serves_all_who_come_together()
    {
        const int Callers = 6;
        await using var world = await StartAsync();
        var (gate, number, arrived) = (new Lock(), 0, 0);
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.As.BeforeAnswer = _ =>
        {
            if (Interlocked.Increment(ref arrived) == Callers)
            {
                together.SetResult();
            }

            return together.Task;
        };
        world.As.TokenAnswer = async context =>
        {
            var sent = ReceivedProof.Of(context.Request.Headers["DPoP"].ToString()).Claims["nonce"]?.GetValue<string>();
            bool isGood;
            lock (gate)
            {
                isGood = sent == $"nonce-{number}";
                context.Response.Headers["DPoP-Nonce"] = $"nonce-{++number}";
            }

            await (isGood ? world.As.IssueAsync(context) : RefuseAsync(context));
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sub"] = $"user-{i}"))));

        Assert.All(answers, answer => Assert.Equal((200, null), (answer.Status, answer.Status == 200 ? null : answer.Reason)));
    }

    [Fact]
    public async Task An_authorization_server_whose_nonce_is_good_for_many_is_asked_one_by_one_no_longer_than_it_takes_to_find_that_out()
    {
        const int Callers = 6;
        await using var world = await StartAsync();
        foreach (var good in (string[])["at first", "after it changed"])
        {
            var (refused, served) = (0, 0);
            var (allRefused, allServed) = (Together(), Together());
            world.As.TokenAnswer = async context =>
            {
                if (ReceivedProof.Of(context.Request.Headers["DPoP"].ToString()).Claims["nonce"]?.GetValue<string>() == good.Replace(' ', '-'))
                {
                    // One asks alone; only when all the others ask at a time is any of them answered.
                    if (Interlocked.Increment(ref served) is var number && number == Callers)
                    {
                        allServed.SetResult();
                    }

                    await (number == 1 ? Task.CompletedTask : allServed.Task);
                    await world.As.IssueAsync(context);
                    return;
                }

                if (Interlocked.Increment(ref refused) == Callers)
                {
                    allRefused.SetResult();
                }

                await allRefused.Task;
                context.Response.Headers["DPoP-Nonce"] = good.Replace(' ', '-');
                await RefuseAsync(context);
            };

            var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sub"] = $"user-{i} {good}"))));

            Assert.All(answers, answer => Assert.Equal((200, null), (answer.Status, answer.Status == 200 ? null : answer.Reason)));
            Assert.Equal((Callers, Callers), (refused, served));
        }

        static TaskCompletionSource Together() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [Fact]
    public async Task An_authorization_server_whose_nonces_are_good_once_and_come_with_refusals_alone_serves_all_who_come_together()
    {
        const int Callers = 6;
        await using var world = await StartAsync();
        var nonces = new ConcurrentDictionary<string, bool>();
        world.As.TokenAnswer = context =>
        {
            if (ReceivedProof.Of(context.Request.Headers["DPoP"].ToString()).Claims["nonce"]?.GetValue<string>() is { } sent && nonces.TryRemove(sent, out _))
            {
                return world.As.IssueAsync(context);
            }

            var fresh = Guid.NewGuid().ToString("N");
            nonces[fresh] = true;
            context.Response.Headers["DPoP-Nonce"] = fresh;
            return RefuseAsync(context);
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sub"] = $"user-{i}"))));

        Assert.All(answers, answer => Assert.Equal((200, null), (answer.Status, answer.Status == 200 ? null : answer.Reason)));
    }

    [Theory]
    [InlineData("another each time", 503, "exchange_unavailable", "nonce")]
    [InlineData("the same each time", 502, "exchange_misconfigured", "use_dpop_nonce")]
    [InlineData("none", 502, "exchange_misconfigured", "use_dpop_nonce")]
    public async Task An_authorization_server_that_goes_on_asking_for_nonces_is_asked_twice(string brings, int status, string reason, string detail)
    {
        await using var world = await StartAsync();
        var number = 0;
        world.As.TokenAnswer = context =>
        {
            if (brings != "none")
            {
                context.Response.Headers["DPoP-Nonce"] = brings == "the same each time" ? "nonce" : $"nonce-{++number}";
            }

            return RefuseAsync(context);
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((status, reason), (answer.Status, answer.Reason));
        Assert.Equal(detail, world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        Assert.Equal(brings == "none" ? 1 : 2, world.As.Exchanges.Count);
        world.AssertNothingWasForwarded();
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = 400;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"error":"use_dpop_nonce"}""");
    }

    [Theory]
    [InlineData("a bearer token", "result_shape")]
    [InlineData("unbound", "result_cnf")]
    [InlineData("bound to another key", "result_cnf")]
    [InlineData("bound to nothing", "result_cnf")]
    [InlineData("bound to a certificate as well", "result_cnf")]
    [InlineData("bound to a certificate alone", "result_cnf")]
    public async Task A_result_that_is_not_bound_to_the_gateways_key_alone_is_sent_nowhere(string kind, string detail)
    {
        await using var world = await StartAsync();
        world.As.ChangeAnswer = answer => answer["token_type"] = kind == "a bearer token" ? "Bearer" : "DPoP";
        world.As.ChangeToken = (_, payload) =>
        {
            switch (kind)
            {
                case "unbound": payload.Remove("cnf"); break;
                case "bound to another key": payload["cnf"]!["jkt"] = ProofForge.Thumbprint(TestKeys.Stranger); break;
                case "bound to nothing": payload["cnf"] = new JsonObject(); break;
                case "bound to a certificate as well": payload["cnf"]!["x5t#S256"] = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"; break;
                case "bound to a certificate alone": payload["cnf"] = new JsonObject { ["x5t#S256"] = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }; break;
            }
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((502, "exchange_result_rejected"), (answer.Status, answer.Reason));
        Assert.Equal(detail, world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        world.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task A_result_that_is_bound_although_nobody_asked_for_it_is_sent_nowhere()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => payload["cnf"] = new JsonObject { ["jkt"] = ProofForge.Thumbprint(TestKeys.Stranger) };

        Assert.Equal("exchange_result_rejected", (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Reason);
        Assert.Equal("result_cnf", world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        Assert.False(world.As.Exchanges.Single().TryGetValue("(dpop)", out var proof) && proof.Length > 0);
        world.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task A_server_that_wants_a_nonce_gets_the_same_token_with_it_at_the_second_try_and_then_at_once()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = AskingForNonce(world.Weather.Answer, "nonce-of-the-mcp-server");
        var token = world.WeatherToken();

        var first = await world.Gateway.CallAsync("/weather", token);
        var second = await world.Gateway.CallAsync("/weather", token);

        Assert.Equal((200, 200), (first.Status, second.Status));
        Assert.Equal([null, "nonce-of-the-mcp-server", "nonce-of-the-mcp-server"], world.Weather.Requests.Select(request => ReceivedProof.Of(request.Headers["DPoP"]).Claims["nonce"]?.GetValue<string>()));
        Assert.Single(world.Weather.Requests.Select(request => request.Headers["Authorization"]).Distinct());
        Assert.Single(world.Weather.Requests.Take(2).Select(request => request.Body).Distinct());
        Assert.Single(world.As.Exchanges);
        Assert.DoesNotContain("DPoP-Nonce", first.Headers.Keys);
        Assert.DoesNotContain("nonce-of-the-mcp-server", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_goes_on_asking_for_nonces_ends_in_a_502()
    {
        await using var world = await StartAsync();
        var count = 0;
        world.Weather.Answer = context => Ask(context, $"nonce-{++count}");

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((502, "upstream_refused_token"), (answer.Status, answer.Reason));
        Assert.Equal([null, "nonce-1", "nonce-2"], world.Weather.Requests.Select(request => ReceivedProof.Of(request.Headers["DPoP"]).Claims["nonce"]?.GetValue<string>()));
    }

    [Fact]
    public async Task The_retry_after_a_refused_token_makes_a_new_proof_for_a_new_token()
    {
        await using var world = await StartAsync();
        var sound = world.Weather.Answer;
        var refused = 0;
        world.Weather.Answer = context =>
        {
            if (refused++ > 0)
            {
                return sound(context);
            }

            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        };

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);

        var thumbprint = ReceivedProof.Of(world.As.Exchanges[0]["(dpop)"]).Thumbprint;
        var proofs = world.Weather.Requests.Select(request => AssertProven(request, thumbprint)).ToArray();
        Assert.Equal(2, proofs.Length);
        Assert.NotEqual(proofs[0].Claims["jti"]!.ToString(), proofs[1].Claims["jti"]!.ToString());
        Assert.NotEqual(proofs[0].Claims["ath"]!.ToString(), proofs[1].Claims["ath"]!.ToString());
    }

    [Fact]
    public async Task A_key_is_rotated_without_a_lost_call_and_no_token_meets_the_other_key()
    {
        var clock = new ManualClock();
        var key = KeyFile("sender.pem", TestKeys.Es256);
        await using var world = await StartAsync(file: key, clock: clock);
        var token = world.WeatherToken();
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);

        // While an exchange is on its way with the old key.
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        world.As.BeforeAnswer = async _ =>
        {
            asked.TrySetResult();
            await answer.Task;
        };
        var inFlight = world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["jti"] = "in flight"));
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        KeyFile("sender.pem", TestKeys.Es384);
        clock.Advance(TimeSpan.FromSeconds(1));
        answer.SetResult();

        Assert.Equal(200, (await inFlight).Status);
        world.As.BeforeAnswer = null;
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);

        string[] keys = [ProofForge.Thumbprint(TestKeys.Es256), ProofForge.Thumbprint(TestKeys.Es256), ProofForge.Thumbprint(TestKeys.Es384)];
        Assert.Equal(keys, world.As.Exchanges.Select(exchange => ReceivedProof.Of(exchange["(dpop)"]).Thumbprint));
        Assert.All(world.Weather.Requests.Zip(keys), pair => AssertProven(pair.First, pair.Second));
    }

    [Theory]
    [InlineData("no key at all")]
    [InlineData("")]
    [InlineData("a public key")]
    public async Task A_changed_key_file_that_holds_no_key_changes_nothing_and_is_told(string content)
    {
        var clock = new ManualClock();
        var key = KeyFile("sender.pem", TestKeys.Es256);
        await using var world = await StartAsync(file: key, clock: clock);
        File.WriteAllText(key, content == "a public key" ? TestKeys.Es384.Ec!.ExportSubjectPublicKeyInfoPem() : content);
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);

        AssertProven(world.Weather.Requests.Single(), ProofForge.Thumbprint(TestKeys.Es256));
        Assert.Contains("sender key is not used", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_file_that_cannot_be_used_does_not_start()
    {
        var unfit = KeyFile("unfit.pem", TestKeys.Rs256Of1024Bits);

        var failure = await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(file: unfit));

        Assert.Contains("Gateway:SenderKeyFile", failure.Message, StringComparison.Ordinal);
        Assert.Contains("RSA of at least 2048 bits", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hop_tokens_minted_here_name_the_key_and_are_worth_nothing_without_it_at_a_gateway_behind()
    {
        await using var front = await StartAsync(outbound =>
        {
            outbound.Clear();
            (outbound["Mode"], outbound["Bind"], outbound["Resource"]) = ("local", "dpop", "https://weather.internal/mcp");
        });
        await using var behind = new TestMcpServer();
        await using var sidecar = await TestGateway.StartAsync(new JsonObject
        {
            ["PublicUrl"] = "https://weather.internal",
            ["AuthorizationServers"] = new JsonObject { ["front"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["JwksUrl"] = front.Gateway.Url + "/hop/jwks" } },
            ["Servers"] = new JsonObject
            {
                ["mcp"] = new JsonObject
                {
                    ["Destinations"] = new JsonArray(behind.Url),
                    ["SenderConstraint"] = "required",
                    ["DPoP"] = new JsonObject { ["Nonce"] = "required", ["ContentDigest"] = "required" },
                    ["Outbound"] = new JsonObject { ["Mode"] = "same-token" },
                },
            },
        });
        Relay(front.Weather, sidecar);
        var client = TestKey.Create("ES256", null);
        var inbound = front.WeatherToken(ProofForge.BoundTo(client));
        string ClientProof() => ProofForge.Proof(client, "POST", World.WeatherResource, inbound, TimeProvider.System.GetUtcNow());

        var answer = await front.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", inbound, [ClientProof()], Messages.Call("echo"));

        Assert.Equal(200, answer.Status);
        var arrived = Assert.Single(behind.Requests);
        Assert.StartsWith("Bearer ", arrived.Headers["Authorization"], StringComparison.Ordinal);
        Assert.DoesNotContain("DPoP", arrived.Headers.Keys);
        var hop = arrived.Token!;
        Assert.DoesNotContain(inbound, arrived.Everything, StringComparison.Ordinal);
        Assert.Equal("dpop", sidecar.Audit[^1]["proof"]!.GetValue<string>());

        // Whoever has seen the hop token and its proof has nothing.
        var proof = front.Weather.Requests[^1].Headers["DPoP"];
        Assert.NotEqual(ProofForge.Thumbprint(client), ReceivedProof.Of(proof).Thumbprint);
        Assert.Equal("sender_constrained", (await sidecar.CallAsync("/mcp", hop)).Reason);
        Assert.Equal("invalid_dpop_proof", (await sidecar.SendBoundAsync(HttpMethod.Post, "/mcp", hop, [proof], Messages.Call("echo"))).Reason);
        Assert.Equal("jti", sidecar.Audit[^1]["detail"]!.GetValue<string>());
        Assert.Equal("invalid_dpop_proof", (await sidecar.SendBoundAsync(HttpMethod.Post, "/mcp", hop, [ClientProof()], Messages.Call("echo"))).Reason);
        Assert.Equal("thumbprint", sidecar.Audit[^1]["detail"]!.GetValue<string>());
        Assert.Single(behind.Requests);
    }

    [Fact]
    public async Task Nothing_of_the_gateways_proofs_reaches_a_client_and_nothing_of_a_clients_the_server()
    {
        await using var world = await StartAsync();
        var client = TestKey.Create("ES256", null);
        var token = world.WeatherToken(ProofForge.BoundTo(client));
        var proof = ProofForge.Proof(client, "POST", World.WeatherResource, token, TimeProvider.System.GetUtcNow());
        world.Weather.Answer = AskingForNonce(world.Weather.Answer, "nonce-of-the-mcp-server");

        var answer = await world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [proof], Messages.Call("echo"));

        Assert.Equal(200, answer.Status);
        foreach (var sent in world.Weather.Requests.Select(request => request.Everything).Concat(world.As.Exchanges.Select(exchange => exchange["(dpop)"])))
        {
            Assert.DoesNotContain(proof, sent, StringComparison.Ordinal);
            Assert.DoesNotContain(ProofForge.PublicJwk(client)["x"]!.GetValue<string>(), sent, StringComparison.Ordinal);
        }

        var ours = world.Weather.Requests[0].Headers["DPoP"];
        Assert.DoesNotContain(ours, string.Join('\n', answer.Headers.Values) + answer.Body + world.Gateway.Log, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static RequestDelegate AskingForNonce(RequestDelegate sound, string nonce) => context =>
        ReceivedProof.Of(context.Request.Headers["DPoP"].ToString()).Claims["nonce"]?.GetValue<string>() == nonce ? sound(context) : Ask(context, nonce);

    private static Task Ask(HttpContext context, string nonce)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = "DPoP error=\"use_dpop_nonce\", error_description=\"come again\"";
        context.Response.Headers["DPoP-Nonce"] = nonce;
        return Task.CompletedTask;
    }

    /// <summary>What the MCP server makes of a request: the token and its proof, by one key, for this very request.</summary>
    private static ReceivedProof AssertProven(Arrived request, string thumbprint)
    {
        var header = request.Headers["Authorization"];
        Assert.StartsWith("DPoP ", header, StringComparison.Ordinal);
        var token = header["DPoP ".Length..];
        var proof = ReceivedProof.Of(request.Headers["DPoP"]);
        Assert.True(proof.Verifies);
        Assert.Equal(thumbprint, proof.Thumbprint);
        Assert.Equal(thumbprint, TokenReader.PayloadOf(token)["cnf"]!["jkt"]!.GetValue<string>());
        Assert.Equal(ReceivedProof.HashOf(token), proof.Claims["ath"]!.GetValue<string>());
        Assert.Equal(request.Method, proof.Method);
        return proof;
    }

    /// <summary>Makes an MCP server hand on what reaches it to a gateway, as one that stands before that gateway's server would.</summary>
    private static void Relay(TestMcpServer server, TestGateway next) => server.Answer = async context =>
    {
        var arrived = server.Requests[^1];
        var answer = await next.SendAsync(new HttpMethod(arrived.Method), "/mcp", null, arrived.Body, request =>
        {
            request.Headers.TryAddWithoutValidation("Authorization", arrived.Headers["Authorization"]);
            request.Headers.TryAddWithoutValidation("DPoP", arrived.Headers["DPoP"]);
        });
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.WWWAuthenticate = new([.. answer.Challenges]);
        if (answer.Headers.TryGetValue("DPoP-Nonce", out var nonce))
        {
            context.Response.Headers["DPoP-Nonce"] = nonce;
        }

        await context.Response.WriteAsync(answer.Body);
    };

    private Task<World> StartAsync(Action<JsonObject>? change = null, string? file = null, TimeProvider? clock = null) => World.StartAsync(
        options =>
        {
            options["SenderKeyFile"] = file;
            var outbound = options["Servers"]!["weather"]!["Outbound"]!.AsObject();
            outbound["Bind"] = "dpop";
            change?.Invoke(outbound);
            if ((string?)outbound["Mode"] == "local")
            {
                var keys = Path.Combine(directory, "signing");
                TokenExchange.Outbound.Local.SigningKeyFile.Create(keys, "ES256", TimeProvider.System);
                options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys };
            }
        },
        clock);

    private string KeyFile(string name, TestKey key)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, key.PrivatePem());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }
}
