using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>An authorization server that no client can register at, its front, and what clients and browsers do there.</summary>
internal sealed partial class FrontWorld : IAsyncDisposable
{
    public const string ClientId = "11111111-2222-3333-4444-555555555555";
    public const string RedirectUri = "https://client.example.net/callback";
    public const string Verifier = "canary-verifier-0123456789-abcdefghijklmnopqrstu";
    public const string Challenge = "E9Melhoa2OwvFrEMTJguCHaoeKEc6Qgq9kRvX2xq7S4";
    public const string Tokens = """{"token_type":"Bearer","access_token":"canary-access","refresh_token":"canary-refresh","expires_in":3600,"scope":"access"}""";

    public required World World { get; init; }

    public TestGateway Gateway => World.Gateway;

    public string SignIn => World.As.Issuer + "/sign-in";

    /// <summary>What the token endpoint was sent.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Relayed => World.As.Exchanges;

    /// <param name="registration">Changes the section <c>Registration</c> of corp.</param>
    /// <param name="change">Changes everything else.</param>
    /// <param name="metadata">Changes the authorization server's metadata.</param>
    /// <param name="prepare">Changes the authorization server before the gateway asks it anything.</param>
    /// <param name="clock">The time.</param>
    /// <param name="configure">Changes the host.</param>
    public static async Task<FrontWorld> StartAsync(
        Action<JsonObject>? registration = null, Action<JsonObject>? change = null, Action<JsonObject>? metadata = null, Action<TestAuthorizationServer>? prepare = null, TimeProvider? clock = null, Action<WebApplicationBuilder>? configure = null)
    {
        var server = new TestAuthorizationServer();
        server.ChangeMetadata = document =>
        {
            document["authorization_endpoint"] = server.Issuer + "/sign-in";
            metadata?.Invoke(document);
        };
        server.TokenAnswer = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(Tokens);
        };
        prepare?.Invoke(server);
        var (weather, notes) = (new TestMcpServer(), new TestMcpServer());
        var options = World.Options(server, weather, notes);
        var section = new JsonObject
        {
            ["ClientId"] = ClientId,
            ["RedirectUris"] = new JsonArray(RedirectUri, "http://127.0.0.1:*/callback", "cursor://anysphere.cursor-retrieval/oauth/callback"),
            ["Scopes"] = new JsonObject { ["weather"] = new JsonArray("api://weather/access", "offline_access") },
        };
        registration?.Invoke(section);
        options["AuthorizationServers"]!["corp"]!["Registration"] = section;
        change?.Invoke(options);
        return new FrontWorld { World = new World { As = server, Weather = weather, Notes = notes, Gateway = await TestGateway.StartAsync(options, clock, configure) } };
    }

    /// <summary>The parameters of an honest client.</summary>
    public static Dictionary<string, string> Asked() => new()
    {
        ["response_type"] = "code",
        ["client_id"] = ClientId,
        ["redirect_uri"] = RedirectUri,
        ["state"] = "canary-state",
        ["code_challenge"] = Challenge,
        ["code_challenge_method"] = "S256",
        ["resource"] = World.WeatherResource,
        ["scope"] = "whatever the client likes",
    };

    public static string Form(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"));

    /// <summary>Opens the page in a browser.</summary>
    public Task<Answer> AskAsync(IEnumerable<KeyValuePair<string, string>>? asked = null, string more = "", string? cookie = null, string front = "corp") =>
        Gateway.SendAsync(HttpMethod.Get, $"/oauth/{front}/authorize?{Form(asked ?? Asked())}{more}", change: request => Cookie(request, cookie));

    /// <summary>Sends the page's form.</summary>
    public Task<Answer> ConsentAsync(IEnumerable<KeyValuePair<string, string>> form, string? cookie, Action<HttpRequestMessage>? change = null, string more = "", string query = "") =>
        PostAsync("/oauth/corp/authorize" + query, Form(form) + more, request =>
        {
            Cookie(request, cookie);
            change?.Invoke(request);
        });

    public Task<Answer> TokenAsync(IEnumerable<KeyValuePair<string, string>> form, string more = "", Action<HttpRequestMessage>? change = null) =>
        PostAsync("/oauth/corp/token", Form(form) + more, change);

    public Task<Answer> RegisterAsync(string body) => Gateway.SendAsync(HttpMethod.Post, "/oauth/corp/register", body: body);

    /// <summary>The token request of an honest client.</summary>
    public static Dictionary<string, string> Code() => new()
    {
        ["grant_type"] = "authorization_code",
        ["code"] = "canary-code",
        ["redirect_uri"] = RedirectUri,
        ["client_id"] = ClientId,
        ["code_verifier"] = Verifier,
    };

    /// <summary>The hidden fields of a page, as a browser sends them.</summary>
    public static Dictionary<string, string> FieldsOf(Answer page) =>
        Hidden().Matches(page.Body).ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));

    /// <summary>The cookie of a page, as a browser sends it back.</summary>
    public static string CookieOf(Answer page) => page.Headers["Set-Cookie"].Split(';')[0];

    public static Dictionary<string, string> QueryOf(string location) =>
        QueryHelpers.ParseQuery(new Uri(location).Query).ToDictionary(pair => pair.Key, pair => Assert.Single(pair.Value)!);

    /// <summary>A page that says why, and sends nobody anywhere.</summary>
    public static void AssertRefused(Answer answer, string reason)
    {
        Assert.Equal((400, "text/html; charset=utf-8"), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Contains($"<code>{reason}</code>", answer.Body, StringComparison.Ordinal);
        Assert.False(answer.Headers.ContainsKey("Location"));
        Assert.False(answer.Headers.ContainsKey("Refresh"));
        Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Origin"));
        Assert.DoesNotContain("<script", answer.Body, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http-equiv", answer.Body, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("frame-ancestors 'none'", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    private Task<Answer> PostAsync(string path, string form, Action<HttpRequestMessage>? change) =>
        Gateway.SendAsync(HttpMethod.Post, path, change: request =>
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(form)) { Headers = { ContentType = new("application/x-www-form-urlencoded") } };
            change?.Invoke(request);
        });

    private static void Cookie(HttpRequestMessage request, string? cookie)
    {
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\">")]
    private static partial Regex Hidden();
}
