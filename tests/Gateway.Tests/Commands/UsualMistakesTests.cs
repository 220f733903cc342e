using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.Commands;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>What newcomers and operators get wrong most: each is met by a message with its cause, its place and what to do.</summary>
public sealed class UsualMistakesTests
{
    private const string Corp = """ "AuthorizationServers": { "corp": { "Issuer": "https://login.example.com/realms/corp", "Client": { "Id": "mcp-gateway", "Authentication": "none" } } }""";
    private const string Weather = """ "Servers": { "weather": { "Destinations": ["http://127.0.0.1:3000/mcp"], "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp" } } }""";

    [Theory]
    [InlineData("a comma too few", """{ "Gateway": { "PublicUrl": "https://mcp.example.com" "Servers": {} } }""", "gateway.json(1,", "This is not JSON", "check")]
    [InlineData("a key that is misspelt", """{ "Gateway": { "PublicUr": "https://mcp.example.com",""" + Corp + "," + Weather + "} }", "Gateway:PublicUr", "unknown-key", "'PublicUrl'")]
    [InlineData("a path in PublicUrl", """{ "Gateway": { "PublicUrl": "https://mcp.example.com/mcp",""" + Corp + "," + Weather + "} }", "Gateway:PublicUrl", "has a path", "write the https origin")]
    [InlineData("no outbound mode", """{ "Gateway": { "PublicUrl": "https://mcp.example.com",""" + Corp + """, "Servers": { "weather": { "Destinations": ["http://127.0.0.1:3000/mcp"] } } } }""", "Gateway:Servers:weather", "outbound-missing", "exchange")]
    [InlineData("seconds in place of a duration", """{ "Gateway": { "PublicUrl": "https://mcp.example.com", "DrainDelay": "5",""" + Corp + "," + Weather + "} }", "Gateway:DrainDelay", "type", "00:00:")]
    [InlineData("an authorization server that is called otherwise", """{ "Gateway": { "PublicUrl": "https://mcp.example.com",""" + Corp + """, "Servers": { "weather": { "Destinations": ["http://127.0.0.1:3000/mcp"], "Outbound": { "Mode": "exchange", "AuthorizationServer": "crop" } } } } }""", "Outbound:AuthorizationServer", "'crop' is no entry", "did you mean 'corp'?")]
    [InlineData("a destination without a scheme", """{ "Gateway": { "PublicUrl": "https://mcp.example.com",""" + Corp + """, "Servers": { "weather": { "Destinations": ["weather:3000"], "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp", "Resource": "https://w.internal" } } } } }""", "Destinations:0", "destination-url", "http")]
    [InlineData("a decision point by http", """{ "Gateway": { "PublicUrl": "https://mcp.example.com",""" + Corp + """, "Servers": { "weather": { "Destinations": ["http://127.0.0.1:3000/mcp"], "Policy": { "Url": "http://pdp/access/v1/evaluation" }, "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp" } } } } }""", "Policy:Url", "policy-url", "write the https URL")]
    [InlineData("a file that is elsewhere", """{ "Gateway": { "PublicUrl": "https://mcp.example.com", "SessionKeyFile": "secrets/session.key",""" + Corp + "," + Weather + "} }", "Gateway:SessionKeyFile", "file-missing", "secrets/session.key' is not there")]
    public async Task Check_says_what_is_wrong_with_a_configuration(string mistake, string text, string place, string cause, string remedy)
    {
        var directory = Directory.CreateTempSubdirectory("mistake-").FullName;
        var path = Path.Combine(directory, "gateway.json");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        var (exit, output, errors) = await RunAsync("check", "--strict", "--config", path);
        Directory.Delete(directory, recursive: true);

        Assert.True(exit == 1, mistake + output + errors);
        Assert.Contains(place, output, StringComparison.Ordinal);
        Assert.Contains(cause, output, StringComparison.Ordinal);
        Assert.True(remedy == "check" || output.Contains(remedy, StringComparison.Ordinal), output);
        if (mistake == "a file that is elsewhere")
        {
            Assert.Contains($"'{Path.GetFullPath("secrets/session.key")}'", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_configuration_that_is_not_there_is_named_with_its_whole_path()
    {
        var (exit, output, _) = await RunAsync("check", "--config", "nowhere/gateway.json");

        Assert.Equal(2, exit);
        Assert.Contains($"'{Path.GetFullPath("nowhere/gateway.json")}' cannot be read", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--urls", "It is --urls, 'http://127.0.0.1:{0}': ")]
    [InlineData("Kestrel:Endpoints", "It is Kestrel:Endpoints:second:Url, 'http://127.0.0.1:{0}': ")]
    [InlineData("Gateway:Management", "It is Gateway:Management:Url, 'http://127.0.0.1:{0}': ")]
    public async Task A_port_in_use_says_which_key_names_it_and_how_to_find_who_uses_it(string where, string key)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var world = await World.StartAsync();
        string[] address = where switch
        {
            "--urls" => ["--urls", $"http://127.0.0.1:{port}"],
            "Kestrel:Endpoints" => ["--Kestrel:Endpoints:first:Url=http://127.0.0.1:0", $"--Kestrel:Endpoints:second:Url=http://127.0.0.1:{port}"],
            _ => ["--urls", "http://127.0.0.1:0", $"--Gateway:Management:Url=http://127.0.0.1:{port}"],
        };
        var (exit, _, errors) = await RunAsync(["run", "--config", world.Gateway.ConfigPath, .. address]);

        Assert.Equal(1, exit);
        Assert.Contains("address already in use", errors, StringComparison.Ordinal);
        Assert.Contains(string.Format(System.Globalization.CultureInfo.InvariantCulture, key, port), errors, StringComparison.Ordinal);
        Assert.Contains("'ss -ltnp'", errors, StringComparison.Ordinal);
        Assert.Contains("docs/troubleshooting.md#port-in-use", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_here_is_named_with_its_key()
    {
        await using var world = await World.StartAsync();
        var (exit, _, errors) = await RunAsync("run", "--config", world.Gateway.ConfigPath, "--Kestrel:Endpoints:here:Url=http://127.0.0.1:0", "--Kestrel:Endpoints:elsewhere:Url=http://192.0.2.7:8080");

        Assert.Equal(1, exit);
        Assert.Contains("It is Kestrel:Endpoints:elsewhere:Url, 'http://192.0.2.7:8080': no interface", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name", "FAIL  corp metadata: name at http://nowhere.invalid/", "DNS")]
    [InlineData("connect", "FAIL  corp metadata: connect at http://127.0.0.1:9/", "nobody listens there")]
    [InlineData("not tls", "FAIL  corp metadata: tls at https://127.0.0.1", "SSL_CERT_FILE")]
    [InlineData("nothing there", "FAIL  corp metadata: status 404 at ", "nothing is served at this address")]
    [InlineData("redirect", "FAIL  corp metadata: status 302 at ", "redirects are not followed")]
    [InlineData("a page", "FAIL  corp metadata: no_document at ", "no JSON object")]
    [InlineData("a slash", "FAIL  corp metadata: other_issuer at ", "a slash at its end counts")]
    [InlineData("a slash", "FAIL  corp metadata: other_issuer at ", "/.well-known/openid-configuration, where issuer is 'http://127.0.0.1:")]
    [InlineData("plain endpoint", "FAIL  corp metadata: bad_address at ", "absolute https URL")]
    [InlineData("no keys", "FAIL  corp keys: the key set was fetched, and no key in it can verify a token", "each key needs a kid")]
    [InlineData("no key set", "FAIL  corp keys: no key set could be fetched: no_key_set at ", "correct JwksUrl")]
    [InlineData("client", "FAIL  weather client at corp: invalid_client", "client id, secret or key differ")]
    [InlineData("grant", "FAIL  weather client at corp: unauthorized_client", "allow token exchange for it")]
    [InlineData("no exchange", "FAIL  weather client at corp: unsupported_grant_type", "Mode 'local' mints here")]
    [InlineData("endpoint down", "FAIL  weather client at corp: the token endpoint gave no answer worth trusting: status 503 at http://", "check its address")]
    [InlineData("path", "FAIL  weather destination ", "answers an initialize with 404. Hint: nothing speaks MCP at this path")]
    [InlineData("method", "FAIL  weather destination ", "answers an initialize with 405. Hint: nothing speaks MCP at this path")]
    [InlineData("moved", "a redirect to /mcp/", "write the address that it leads to")]
    [InlineData("down", "FAIL  weather destination http://127.0.0.1:9/mcp: connect", "nobody listens there")]
    [InlineData("decision point", "FAIL  weather policy http://127.0.0.1:9/access/v1/evaluation: connect", "nobody listens there")]
    [InlineData("no decision point", "FAIL  weather policy ", "must answer 200, application/json and a decision")]
    public async Task Doctor_says_what_is_wrong_with_a_peer(string mistake, string cause, string remedy)
    {
        await using var world = await World.StartAsync(options => Write(options, mistake));
        Behave(world, mistake);

        var (exit, output, _) = await RunAsync("doctor", "--server", "weather", "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 1, output);
        var line = Assert.Single(output.Split('\n'), line => line.Contains(cause, StringComparison.Ordinal));
        Assert.StartsWith("FAIL  ", line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        Assert.Contains("docs/troubleshooting.md#doctor", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("target", "FAIL  weather exchange: invalid_target", "compare Resource, Audience and Scopes")]
    [InlineData("result", "FAIL  weather exchange: the result was rejected (result_audience)", "set Audience or ResultAudiences")]
    [InlineData("hop token", "it refuses the credential and says Bearer error=\"invalid_token\", error_description=\"audience\"; sent was iss http://", "compare what was sent with what the MCP server expects")]
    public async Task Doctor_says_what_is_wrong_with_an_exchange_and_its_result(string mistake, string cause, string remedy)
    {
        await using var world = await World.StartAsync();
        Behave(world, mistake);
        var file = await FileAsync(world, world.WeatherToken());

        var (exit, output, _) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", file, "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 1, output);
        var line = Assert.Single(output.Split('\n'), line => line.Contains(cause, StringComparison.Ordinal));
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        if (mistake == "hop token")
        {
            Assert.Contains($"aud {world.Weather.Url}, kid {world.As.Key.Kid}, typ at+jwt", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Doctor_makes_one_call_with_the_hop_token_and_shows_what_came_back()
    {
        await using var world = await World.StartAsync();
        var file = await FileAsync(world, world.WeatherToken());

        var (exit, output, _) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", file, "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 0, output);
        Assert.Contains("answers an initialize with 200 and the credential: {\"jsonrpc\":\"2.0\"", output, StringComparison.Ordinal);
        var sent = Assert.Single(world.Weather.Requests);
        Assert.Contains("\"initialize\"", sent.Body, StringComparison.Ordinal);
        Assert.NotNull(sent.Token);
        Assert.DoesNotContain(sent.Token, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expired", "refused: expired", "ago   (now ", "get a fresh one")]
    [InlineData("not yet", "refused: not_yet_valid", "from now", "compare the clocks")]
    [InlineData("audience", "refused: audience_invalid", "presented aud: account", "ask the authorization server with resource=")]
    [InlineData("issuer", "refused: issuer_unknown", "trusted: http://", "a slash at its end counts")]
    [InlineData("client", "refused: client_not_allowed", "Its client is 'intruder', and AllowedClients of the server are assistant", "add it there")]
    [InlineData("scope", "refused: insufficient_scope", "needed are mcp:use, lacking mcp:use", "the client has to ask for them")]
    [InlineData("ID token", "refused: typ_not_allowed", "typ at+jwt", "ID tokens are never access tokens")]
    [InlineData("opaque", "refused: malformed", "no JWT of three parts", "Introspection")]
    [InlineData("operation", "refused: operation_denied", "denies tools/call of 'wipe'", "change the rules")]
    [InlineData("policy", "refused: policy_denied", "policy was asked: {\"subject\":{\"type\":\"identity\"", "refunds need a manager; the policy is the place to change it")]
    public async Task Explain_says_what_is_wrong_with_a_token_or_a_call(string mistake, string cause, string values, string remedy)
    {
        await using var point = new TestPeer { WireAnswer = _ => StubAnswer.Json(200, """{"decision":false,"context":{"reason":"refunds need a manager"}}""") };
        await using var world = await World.StartAsync(options =>
        {
            var server = options["Servers"]!["weather"]!;
            server["AllowedClients"] = new JsonArray("assistant");
            server["RequiredScopes"] = new JsonArray("mcp:use");
            server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
            server["Policy"] = new JsonObject { ["Url"] = point.Origin + "/access/v1/evaluation" };
        });
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var token = mistake == "opaque" ? "opaque-token-of-some-length" : world.WeatherToken((header, payload) =>
        {
            (payload["client_id"], payload["scope"]) = ("assistant", "mcp:use");
            switch (mistake)
            {
                case "expired":
                    (payload["iat"], payload["exp"]) = (now - 7200, now - 3600);
                    break;
                case "not yet":
                    payload["nbf"] = now + 3000;
                    break;
                case "audience":
                    payload["aud"] = "account";
                    break;
                case "issuer":
                    payload["iss"] = Written(payload) + "/";
                    break;
                case "client":
                    payload["client_id"] = "intruder";
                    break;
                case "scope":
                    payload["scope"] = "other";
                    break;
                case "ID token":
                    header["typ"] = "JWT";
                    break;
            }

            static string Written(JsonObject payload) => (string)payload["iss"]!;
        });
        var body = await FileAsync(world, Messages.Call(mistake == "operation" ? "wipe" : "refund"));

        var (exit, output, errors) = await RunAsync("explain", "--server", "weather", "--token-file", await FileAsync(world, token), "--body-file", body, "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 1, output + errors);
        Assert.Contains(cause, output, StringComparison.Ordinal);
        Assert.Contains(values, output, StringComparison.Ordinal);
        Assert.Contains(remedy, output, StringComparison.Ordinal);
        Assert.Contains($"docs/troubleshooting.md#{cause["refused: ".Length..]}", output, StringComparison.Ordinal);
        Assert.DoesNotContain(token, output, StringComparison.Ordinal);
        world.AssertNothingWasSent();
        Assert.Equal(mistake == "policy" ? 1 : 0, point.Posts.Count);
    }

    [Theory]
    [InlineData("exp", "\"1893456000\"", "Its claim 'exp' is a text; it must be a whole number of seconds")]
    [InlineData("exp", "1893456000.5", "Its claim 'exp' is a number; it must be a whole number of seconds")]
    [InlineData("exp", null, "Its claim 'exp' is missing")]
    [InlineData("nbf", "\"soon\"", "Its claim 'nbf' is a text")]
    [InlineData("iat", "null", "Its claim 'iat' is null")]
    [InlineData("jti", "7", "Its claim 'jti' is a number")]
    [InlineData("aud", "{\"a\":1}", "Its claim 'aud' is an object; it must be a text, or a list of texts")]
    [InlineData("aud", "[\"https://mcp.example.com/weather\",7]", "Its claim 'aud' is a list")]
    [InlineData("client_id", "[\"a\"]", "Its claim 'client_id' is a list")]
    [InlineData("azp", "\"\"", "Its claim 'azp' is a text; it must be a text that is not empty")]
    [InlineData("scope", "[\"mcp:read\"]", "Its claim 'scope' is a list; it must be a text of scopes")]
    [InlineData("scp", "{}", "Its claim 'scp' is an object")]
    [InlineData("scp", "\"another\"", "Its claims 'scope' and 'scp' differ")]
    [InlineData("act", "\"agent\"", "Its claim 'act' is a text; it must be an object with a sub")]
    [InlineData("act", "{\"sub\":\"a\",\"act\":{}}", "Its claim 'act' is an object")]
    [InlineData("authorization_details", "[{}]", "Its claim 'authorization_details' is a list; it must be a list of objects with a type each")]
    public async Task Explain_names_the_claim_that_has_not_its_type(string claim, string? value, string told)
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken((_, payload) =>
        {
            payload.Remove(claim);
            if (value is not null)
            {
                payload[claim] = JsonNode.Parse(value);
            }
        });

        var (exit, output, errors) = await RunAsync("explain", "--server", "weather", "--token-file", await FileAsync(world, token), "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 1, output + errors);
        Assert.Contains("refused: claim_type_invalid", output, StringComparison.Ordinal);
        Assert.Contains(told, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_names_the_audiences_that_are_too_many()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken((_, payload) => payload["aud"] = new JsonArray(World.WeatherResource, "https://elsewhere.example.com", "account\u001b[2J"));

        var (_, output, _) = await RunAsync("explain", "--server", "weather", "--token-file", await FileAsync(world, token), "--config", world.Gateway.ConfigPath);

        Assert.Contains("refused: audience_not_single", output, StringComparison.Ordinal);
        Assert.Contains("Beside this server its aud names 'https://elsewhere.example.com', 'account?[2J', and only CompanionAudiences", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", 1, "Standard input is empty")]
    [InlineData("token", "", 0, "passes")]
    [InlineData("token", "\n", 0, "passes")]
    [InlineData("long", "", 1, "Standard input is larger than a token can be")]
    public async Task A_token_may_come_on_standard_input(string given, string after, int expected, string told)
    {
        await using var world = await World.StartAsync();
        using StringWriter output = new();
        using var input = new StringReader(given switch { "token" => world.WeatherToken(), "long" => new string('x', 65 * 1024), _ => "" } + after);
        var exit = await new CommandLine(output, output) { Input = input }.RunAsync(["explain", "--server", "weather", "--token-file", "-", "--config", world.Gateway.ConfigPath]);

        Assert.True(exit == expected, output.ToString());
        Assert.Contains(told, output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_says_that_there_is_no_audience()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken((_, payload) => payload.Remove("aud"));

        var (_, output, _) = await RunAsync("explain", "--server", "weather", "--token-file", await FileAsync(world, token), "--config", world.Gateway.ConfigPath);

        Assert.Contains("presented aud: (absent)", output, StringComparison.Ordinal);
    }

    private static void Write(JsonObject options, string mistake)
    {
        var (corp, weather) = (options["AuthorizationServers"]!["corp"]!, options["Servers"]!["weather"]!);
        switch (mistake)
        {
            case "name":
                corp["MetadataUrl"] = "http://nowhere.invalid/.well-known/openid-configuration";
                corp["AllowHttp"] = true;
                break;
            case "connect":
                corp["MetadataUrl"] = "http://127.0.0.1:9/.well-known/openid-configuration";
                break;
            case "not tls":
                corp["MetadataUrl"] = corp["Issuer"]!.GetValue<string>().Replace("http:", "https:", StringComparison.Ordinal) + "/.well-known/openid-configuration";
                break;
            case "down":
                weather["Destinations"] = new JsonArray("http://127.0.0.1:9/mcp");
                break;
            case "decision point":
                weather["Policy"] = new JsonObject { ["Url"] = "http://127.0.0.1:9/access/v1/evaluation" };
                break;
            case "no decision point":
                weather["Policy"] = new JsonObject { ["Url"] = weather["Destinations"]![0]!.GetValue<string>() };
                break;
        }
    }

    private static void Behave(World world, string mistake)
    {
        world.As.TokenAnswer = mistake switch
        {
            "client" => Says(400, """{"error":"invalid_client"}"""),
            "grant" => Says(400, """{"error":"unauthorized_client"}"""),
            "no exchange" => Says(400, "{\"error\":\"unsupported_grant_type\"}"),
            "target" => Says(400, """{"error":"invalid_target"}"""),
            "endpoint down" => Says(503, "{}"),
            "result" or "hop token" => null,
            _ => Says(400, """{"error":"invalid_grant"}"""),
        };
        switch (mistake)
        {
            case "nothing there":
                (world.As.MetadataAnswer, world.As.OpenIdAnswer) = (DocumentAnswer.Missing, DocumentAnswer.Missing);
                break;
            case "redirect":
                (world.As.MetadataAnswer, world.As.OpenIdAnswer) = (DocumentAnswer.Redirect, DocumentAnswer.Redirect);
                break;
            case "a page":
                world.As.Handle("/.well-known/oauth-authorization-server", Says(200, "<html>sign in</html>"));
                world.As.Handle("/.well-known/openid-configuration", Says(200, "<html>sign in</html>"));
                break;
            case "a slash":
                world.As.ChangeMetadata = metadata => metadata["issuer"] = world.As.Issuer + "/";
                break;
            case "plain endpoint":
                world.As.ChangeMetadata = metadata => metadata["token_endpoint"] = "http://login.example.com/token";
                break;
            case "no keys":
                world.As.Jwks = """{"keys":[]}""";
                break;
            case "no key set":
                world.As.Jwks = """{"keys":"none"}""";
                break;
            case "result":
                world.As.ChangeToken = (_, payload) => payload["aud"] = "https://elsewhere.example.com";
                break;
            case "path" or "method":
                world.Weather.Answer = Says(mistake == "path" ? 404 : 405, "{}");
                break;
            case "moved":
                world.Weather.Answer = context =>
                {
                    context.Response.Headers.Location = "/mcp/";
                    return Says(307, "")(context);
                };
                break;
            case "hop token":
                world.Weather.Answer = context =>
                {
                    context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\", error_description=\"audience\"";
                    return Says(401, "")(context);
                };
                break;
        }
    }

    private static RequestDelegate Says(int status, string body) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    };

    private static async Task<string> FileAsync(World world, string text)
    {
        var path = Path.Combine(world.Gateway.Directory_, Guid.NewGuid().ToString("N"));
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        return path;
    }

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(arguments);
        return (exit, output.ToString(), errors.ToString());
    }
}
