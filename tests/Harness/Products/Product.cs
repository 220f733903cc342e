using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>
/// An authorization server product on a real socket: it judges each request as the product does, in its order and with its
/// texts, and answers as it does. Written from the product's public sources and pages; a text that is documented nowhere
/// is plain.
/// </summary>
internal abstract class Product : IAsyncDisposable
{
    public const string Gateway = "mcp-gateway";
    public const string Secret = "s3cret";

    /// <summary>The identifier of the MCP server, and that of the gateway's server in front of it.</summary>
    public const string Resource = "https://weather.internal/mcp";
    public const string Server = "https://mcp.example.com/weather";

    public const string ExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
    public const string BearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    public const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    public const string JwtType = "urn:ietf:params:oauth:token-type:jwt";
    public const string IdJagType = "urn:ietf:params:oauth:token-type:id-jag";

    private readonly Dictionary<string, JsonObject> subjects = [];
    private readonly HashSet<string> spentAssertions = [];
    private readonly ConcurrentQueue<string> answers = new();

    protected Product(TimeProvider clock, TestKey? key = null)
    {
        Clock = clock;
        Stub = new TestAuthorizationServer(keys: key ?? TestKeys.Rs256) { WireAnswer = Answer };
    }

    public TestAuthorizationServer Stub { get; }

    /// <summary>The name of the profile that is made for the product.</summary>
    public abstract string Profile { get; }

    /// <summary>Who signs the result; the product itself unless it says otherwise.</summary>
    public virtual TestAuthorizationServer ResultIssuer => Stub;

    /// <summary>Who issued the subject token; the product itself unless it says otherwise.</summary>
    public virtual TestAuthorizationServer InboundIssuer => Stub;

    /// <summary>The header type of the product's access tokens; null: none.</summary>
    public virtual string? SubjectTyp => "JWT";

    /// <summary>How the MCP server is called there, as <c>Audience</c>; null: by its resource identifier.</summary>
    public abstract string? Target { get; }

    /// <summary>The <c>aud</c> of a result.</summary>
    public virtual string ResultAudience => Target ?? Resource;

    /// <summary>How the gateway authenticates there, when its page says.</summary>
    public virtual ClientSettings Client(ClientFiles files) => new() { Id = Gateway, Authentication = ClientAuthenticationMethod.ClientSecretBasic, Secret = new ClientSecret(Secret) };

    /// <summary>What the inbound token says besides the standard claims.</summary>
    public virtual JsonObject SubjectClaims => new() { ["aud"] = new JsonArray(Server, Gateway) };

    /// <summary>The scopes that the inbound token holds.</summary>
    public virtual string SubjectScope => "weather.read weather.write";

    /// <summary>Answers in place of the product, to show an outage of it.</summary>
    public StubAnswer? Outage { get; set; }

    /// <summary>Whether the request is not judged, so that the answer alone can be tried with a profile that is not the product's.</summary>
    public bool TakesAnything { get; set; }

    /// <summary>Changes the claims of the next results.</summary>
    public Action<JsonObject>? ChangeResult { get; set; }

    /// <summary>What went wrong in the stub itself.</summary>
    public Exception? Mistake { get; private set; }

    /// <summary>What the token endpoint answered so far, in order.</summary>
    public IReadOnlyList<string> Answers => [.. answers];

    /// <summary>Puts another answer in the place of the one that the product would give.</summary>
    public Func<RecordedRequest, StubAnswer, StubAnswer>? Answering { get; set; }

    /// <summary>Parameters that came and that the product reads for no exchange.</summary>
    public List<string> Ignored { get; } = [];

    protected TimeProvider Clock { get; }

    protected DateTimeOffset Now => Clock.GetUtcNow();

    protected virtual string SubjectParameter => "subject_token";

    /// <summary>The parameters that the product reads.</summary>
    protected abstract IReadOnlySet<string> Known { get; }

    /// <summary>A subject token as a client of the product holds it, signed.</summary>
    public string SubjectToken()
    {
        var claims = TokenForge.Payload(InboundIssuer.Issuer, Server, Now);
        claims["scope"] = SubjectScope;
        foreach (var (name, value) in SubjectClaims)
        {
            claims[name] = value?.DeepClone();
        }

        var header = TokenForge.Header(InboundIssuer.Key);
        header["typ"] = SubjectTyp;
        if (SubjectTyp is null)
        {
            header.Remove("typ");
        }

        var token = TokenForge.Sign(header.ToJsonString(), claims.ToJsonString(), InboundIssuer.Key);
        Knows(token, claims);
        return token;
    }

    /// <summary>Makes the product know a subject token.</summary>
    public void Knows(string token, JsonObject claims) => subjects[token] = claims;

    public virtual ValueTask DisposeAsync() => Stub.DisposeAsync();

    /// <summary>The refusal, or null when a token is to be issued.</summary>
    protected abstract StubAnswer? Refusal(RecordedRequest request);

    protected abstract StubAnswer Issue(RecordedRequest request, JsonObject subject);

    /// <summary>What is known of the subject token of a request; null when it is unknown or over.</summary>
    protected JsonObject? Subject(RecordedRequest request) =>
        request[SubjectParameter] is { } token && subjects.TryGetValue(token, out var known) && (long)known["exp"]! > Now.ToUnixTimeSeconds() ? known : null;

    protected static string Scope(RecordedRequest request) => request["scope"] ?? "";

    protected static bool BasicIs(RecordedRequest request, string id, string secret) =>
        request.Header("Authorization") == "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{id}:{secret}"));

    protected static bool Twice(RecordedRequest request, params ReadOnlySpan<string> allowed)
    {
        var names = request.Form.Select(pair => pair.Key).ToList();
        foreach (var name in allowed)
        {
            names.RemoveAll(other => other == name);
        }

        return names.Distinct().Count() != names.Count;
    }

    /// <summary>Why the client assertion is not accepted; null when it is. Each is accepted once.</summary>
    protected string? AssertionProblem(RecordedRequest request, TestKey key, string audience, int longest, Func<JsonObject, string?>? headerProblem = null) =>
        request["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ? "type of assertion"
        : request["client_assertion"] is not { } assertion ? "no assertion"
        : Assertions.Problem(assertion, key, Gateway, audience, longest, Now, headerProblem) ?? (spentAssertions.Add(assertion) ? null : "replayed");

    /// <summary>Signs a result.</summary>
    protected string Sign(JsonObject payload, string? typ = "JWT")
    {
        ChangeResult?.Invoke(payload);
        var header = TokenForge.Header(ResultIssuer.Key);
        if (typ is null)
        {
            header.Remove("typ");
        }
        else
        {
            header["typ"] = typ;
        }

        return TokenForge.Sign(header.ToJsonString(), payload.ToJsonString(), ResultIssuer.Key);
    }

    /// <summary>The claims that all products' results have.</summary>
    protected JsonObject Claims(JsonObject subject, int lifetime) => new()
    {
        ["iss"] = ResultIssuer.Issuer,
        ["sub"] = subject["sub"]!.DeepClone(),
        ["aud"] = ResultAudience,
        ["jti"] = Guid.NewGuid().ToString(),
        ["iat"] = Now.ToUnixTimeSeconds(),
        ["exp"] = Now.ToUnixTimeSeconds() + lifetime,
    };

    protected static StubAnswer Success(string token, int lifetime, string? scope, string? issuedTokenType = AccessTokenType, Action<JsonObject>? more = null)
    {
        var body = new JsonObject { ["access_token"] = token, ["token_type"] = "Bearer", ["expires_in"] = lifetime };
        if (issuedTokenType is not null)
        {
            body["issued_token_type"] = issuedTokenType;
        }

        if (scope is not null)
        {
            body["scope"] = scope;
        }

        more?.Invoke(body);
        return StubAnswer.Json(200, body.ToJsonString());
    }

    private StubAnswer Answer(RecordedRequest request)
    {
        try
        {
            var answer = Judge(request);
            answer = Answering?.Invoke(request, answer) ?? answer;
            answers.Enqueue(answer.Text);
            return answer;
        }
        catch (Exception exception)
        {
            // A mistake of the stub must not look like an outage of the product.
            Mistake = exception;
            throw;
        }
    }

    private StubAnswer Judge(RecordedRequest request)
    {
        if (Outage is { } outage)
        {
            return outage;
        }

        Ignored.AddRange(request.Form.Select(pair => pair.Key).Where(name => !Known.Contains(name)));
        return TakesAnything ? Issue(request, Subject(request) ?? subjects.Values.First()) : Refusal(request) ?? Issue(request, Subject(request)!);
    }
}
