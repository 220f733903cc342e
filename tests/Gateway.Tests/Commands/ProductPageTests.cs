using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.Commands;
using Harness;
using Harness.Products;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>What the pages in docs/authorization-servers say is so: their gateway.json works, and what goes wrong looks as they say.</summary>
public sealed partial class ProductPageTests
{
    public static TheoryData<string> Profiles => [.. ExchangeProfile.Names];

    [Theory]
    [MemberData(nameof(Profiles))]
    public async Task Every_configuration_of_a_page_passes_check(string profile)
    {
        var configurations = ProductPage.Configurations(profile);
        using var files = new ClientFiles();

        Assert.NotEmpty(configurations);
        foreach (var configuration in configurations)
        {
            using StringWriter output = new(), errors = new();
            var exit = await new CommandLine(output, errors).RunAsync(["check", "--format", "json", "--config", files.Write("gateway.json", configuration)]);

            Assert.True(exit == 0, output.ToString());
            using var report = JsonDocument.Parse(output.ToString());
            var rules = report.RootElement.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("rule").GetString()!).Except(["file-missing"]);
            Assert.Equal(Warnings(profile), rules.Order(StringComparer.Ordinal).Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public async Task The_configuration_of_a_page_works_at_its_product(string profile)
    {
        await using var page = ProductPage.Open(profile);

        var (exit, output) = await page.DoctorAsync(withSubject: true);

        Assert.True(exit == 0, output);
        Assert.Contains("pass  weather exchange aud: requested " + page.Product.ResultAudience, output, StringComparison.Ordinal);
        Assert.DoesNotContain(Product.Secret, output, StringComparison.Ordinal);
    }

    /// <summary>Brings an error about and says how <c>doctor</c> begins to report it; what it then hints at is on the page.</summary>
    private static readonly (string Profile, string Situation, string Line, Action<Product> Arrange, Func<string, string>? Change)[] Table =
    [
        ("rfc8693", "wrong secret", "client at corp: invalid_client", _ => { }, WrongSecret),
        ("rfc8693", "grant not allowed", "client at corp: unauthorized_client", p => ((Standard)p).GrantAllowed = false, null),
        ("rfc8693", "unknown resource", "exchange: invalid_target", _ => { }, text => text.Replace(Product.Resource, "https://other.internal/mcp", StringComparison.Ordinal)),
        ("rfc8693", "no issued_token_type", "exchange: the result was rejected (result_shape)", p => AnswerSubjects(p, """{"access_token":"a.b.c","token_type":"Bearer"}"""), null),
        ("rfc8693", "the server ignored the target", "exchange: the result was rejected (result_audience)", p => p.ChangeResult = claims => claims["aud"] = Product.Gateway, null),

        ("keycloak", "wrong secret", "client at corp: unauthorized_client", _ => { }, WrongSecret),
        ("keycloak", "switch off", "client at corp: invalid_request", p => ((Keycloak)p).SwitchedOn = false, null),
        ("keycloak", "unknown target", "exchange: invalid_client", p => ((Keycloak)p).TargetExists = false, null),
        ("keycloak", "disabled target", "exchange: invalid_client", p => ((Keycloak)p).TargetEnabled = false, null),
        ("keycloak", "target out of reach", "exchange: invalid_request", p => ((Keycloak)p).TargetAvailable = false, null),
        ("keycloak", "dropped subject token", "exchange: the result was rejected (result_subject)", p => p.ChangeResult = claims => claims["sub"] = "service-account", null),
        ("keycloak", "more default scopes", "exchange: the result was rejected (result_scope)", p => p.ChangeResult = claims => claims["scope"] += " groups", null),

        ("entra-obo", "unregistered certificate", "client at entra: invalid_client", _ => { }, text => text.Replace("/token\"", "/tokens\"", StringComparison.Ordinal)),
        ("entra-obo", "wrong tenant", "client at entra: invalid_request", p => ((Entra)p).Trouble = ("invalid_request", 90002, "Tenant not found.", null), null),
        ("entra-obo", "unknown application", "client at entra: unauthorized_client", _ => { }, text => text.Replace("\"Id\": \"mcp-gateway\"", "\"Id\": \"nobody\"", StringComparison.Ordinal)),
        ("entra-obo", "no consent", "exchange: invalid_grant", p => ((Entra)p).Trouble = ("invalid_grant", 65001, "The user or administrator has not consented.", null), null),
        ("entra-obo", "user not assigned", "exchange: invalid_grant", p => ((Entra)p).Trouble = ("invalid_grant", 50105, "The signed in user is not assigned to a role.", null), null),
        ("entra-obo", "token of another app", "exchange: invalid_grant", p => ((Entra)p).Trouble = ("invalid_grant", 500131, "Assertion audience does not match the Client app.", null), null),
        ("entra-obo", "unknown App ID URI", "exchange: invalid_resource", _ => { }, text => text.Replace("\"api://weather\"", "\"api://nobody\"", StringComparison.Ordinal)),
        ("entra-obo", "v1 resource", "exchange: the result was rejected (result_issuer)", p => p.ChangeResult = claims => claims["iss"] = "https://sts.windows.net/TENANT/", null),
        ("entra-obo", "a GUID as aud", "exchange: the result was rejected (result_audience)", p => p.ChangeResult = claims => claims["aud"] = "11111111-2222-3333-4444-555555555555", null),
        ("entra-obo", "all consented scopes", "exchange: the result was rejected (result_scope)", p => p.ChangeResult = claims => claims["scp"] = "weather.read weather.admin", null),

        ("auth0-obo", "wrong secret", "client at auth0: access_denied", _ => { }, WrongSecret),
        ("auth0-obo", "toggle off", "client at auth0: unauthorized_client", p => ((Auth0)p).GrantAllowed = false, null),
        ("auth0-obo", "unknown API", "exchange: access_denied", p => ((Auth0)p).ApiExists = false, null),
        ("auth0-obo", "no grant for the API", "exchange: access_denied", p => ((Auth0)p).ClientGranted = false, null),
        ("auth0-obo", "second factor", "exchange: mfa_required", p => ((Auth0)p).WantsSecondFactor = true, null),
        ("auth0-obo", "a day's lifetime", "exchange: the result was rejected (result_lifetime)", p => ((Auth0)p).Lifetime = 86_400, null),

        ("okta", "unknown client", "client at okta-weather: invalid_client", _ => { }, text => text.Replace("\"Id\": \"mcp-gateway\"", "\"Id\": \"nobody\"", StringComparison.Ordinal)),
        ("okta", "grant not allowed", "client at okta-weather: unauthorized_client", p => ((Okta)p).GrantAllowed = false, null),
        ("okta", "no policy rule", "exchange: access_denied", p => ((Okta)p).PolicyAllows = false, null),
        ("okta", "untrusted server", "exchange: invalid_grant", p => ((Okta)p).Trusts = false, null),
        ("okta", "rate limit", "exchange: the token endpoint gave no answer worth trusting: status 429", p => p.Outage = StubAnswer.Raw(429, "Content-Type: application/json\r\n", """{"errorCode":"E0000047"}"""), null),

        ("zitadel", "feature off", "client at zitadel: invalid_request", p => ((Zitadel)p).FeatureOn = false, null),
        ("zitadel", "grant not allowed", "client at zitadel: unauthorized_client", p => ((Zitadel)p).GrantAllowed = false, null),
        ("zitadel", "target not in the subject's aud", "exchange: invalid_target", _ => { }, text => text.Replace("\"Audience\": \"320000000000000001\"", "\"Audience\": \"320000000000000009\"", StringComparison.Ordinal)),
        ("zitadel", "twelve hours", "exchange: the result was rejected (result_lifetime)", p => ((Zitadel)p).Lifetime = 12 * 3600, null),

        ("authentik", "wrong secret", "client at gateway-provider: invalid_client", _ => { }, WrongSecret),
        ("authentik", "not federated", "exchange: invalid_target", p => ((Authentik)p).Federated = false, null),
        ("authentik", "policy", "exchange: invalid_grant", p => ((Authentik)p).PolicyAllows = false, null),
        ("authentik", "nobody was told who signs", "exchange: the result was rejected (result_issuer)", _ => { }, text => text.Replace("\"ResultIssuer\": \"weather-provider\",", "", StringComparison.Ordinal)),

        ("openiddict", "assertion for another audience", "client at corp: invalid_grant", _ => { }, text => text.Replace("\"KeyId\"", "\"AssertionAudience\": \"https://login.example.com\", \"KeyId\"", StringComparison.Ordinal)),
        ("openiddict", "grant not allowed", "exchange: unauthorized_client", p => ((OpenIddictProduct)p).GrantAllowed = false, null),
        ("openiddict", "no permission for the resource", "exchange: invalid_request", p => ((OpenIddictProduct)p).ResourceAllowed = false, null),
        ("openiddict", "no permission for the scope", "exchange: invalid_request", p => ((OpenIddictProduct)p).ScopeAllowed = false, null),

        ("spring", "wrong secret", "client at corp: invalid_client", _ => { }, WrongSecret),
        ("spring", "grant not allowed", "client at corp: unauthorized_client", p => ((Spring)p).GrantAllowed = false, null),
        ("spring", "scope not registered", "exchange: invalid_scope", p => ((Spring)p).RegisteredScopes = "other", null),
        ("spring", "no customizer for scope", "exchange: the result was rejected (result_shape)", p => ((Spring)p).Customized = false, null),
        ("spring", "no customizer for aud", "exchange: the result was rejected (result_audience)", p => p.ChangeResult = claims => claims["aud"] = Product.Gateway, null),

        ("tokendings", "not registered", "client at tokendings: invalid_client", p => ((Tokendings)p).Registered = false, null),
        ("tokendings", "access policy", "client at tokendings: invalid_request", p => ((Tokendings)p).PolicyAllows = false, null),
        ("tokendings", "unknown target", "client at tokendings: invalid_request", p => ((Tokendings)p).TargetExists = false, null),
        ("tokendings", "untrusted issuer", "client at tokendings: invalid_request", p => ((Tokendings)p).TrustsIssuer = false, null),
        ("tokendings", "more scopes", "exchange: the result was rejected (result_scope)", p => p.ChangeResult = claims => claims["scope"] = "weather.read openid", null),
        ("tokendings", "an actor of before", "exchange: the result was rejected (result_actor)", p => p.ChangeResult = claims => claims["act"] = new System.Text.Json.Nodes.JsonObject { ["sub"] = "agent" }, null),

        ("cognito", "wrong secret", "client at pool: invalid_client", _ => { }, WrongSecret),
        ("cognito", "flow not allowed", "client at pool: unauthorized_client", p => ((Cognito)p).FlowAllowed = false, null),
        ("cognito", "unknown resource server", "exchange: invalid_target", p => ((Cognito)p).ResourceServerExists = false, null),

        ("workos", "wrong secret", "client at connect: invalid_client", _ => { }, WrongSecret),
        ("workos", "third party", "client at connect: unauthorized_client", p => ((WorkOs)p).FirstParty = false, null),
        ("workos", "unknown resource", "exchange: invalid_target", p => ((WorkOs)p).ResourceRegistered = false, null),

        ("id-jag", "policy", "exchange: access_denied", p => ((CrossApp)p).PolicyAllows = false, null),
        ("id-jag", "step-up", "exchange: insufficient_user_authentication", p => ((CrossApp)p).WantsStepUp = true, null),
        ("id-jag", "second server does not trust the first", "exchange: invalid_grant", p => ((CrossApp)p).Trusted = false, null),
        ("id-jag", "no ID-JAG", "exchange: the result was rejected (result_shape)", p => ((CrossApp)p).RawGrant = "opaque", null),
        ("id-jag", "grant for another server", "exchange: the result was rejected (result_audience)", p => ((CrossApp)p).ChangeGrant = (_, claims) => claims["aud"] = "https://as.elsewhere.example", null),
        ("id-jag", "second server answers invalid_request", "exchange: invalid_request", p => ((CrossApp)p).SecondLeg = StubAnswer.Error(400, "invalid_request"), null),
    ];

    public static TheoryData<string, string> Rows => [.. Table.Select(row => (row.Profile, row.Situation))];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Doctor_names_each_known_error_of_a_product_and_hints_at_what_its_page_says(string profile, string situation)
    {
        var row = Table.Single(one => one.Profile == profile && one.Situation == situation);
        await using var page = ProductPage.Open(profile);
        row.Arrange(page.Product);

        var (exit, output) = await page.DoctorAsync(withSubject: true, row.Change);

        Assert.Equal(1, exit);
        var line = output.Split('\n').FirstOrDefault(text => Regex.IsMatch(text, $@"^FAIL  weather {Regex.Escape(row.Line)}( \(.+\))?( at http\S+)?\. Hint: "));
        Assert.True(line is not null, output);
        Assert.Contains(line[(line.IndexOf("Hint: ", StringComparison.Ordinal) + 6)..], page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", output, StringComparison.Ordinal);
    }

    /// <summary>What a page says that doctor says, doctor can say.</summary>
    [Theory]
    [MemberData(nameof(Profiles))]
    public void Every_hint_on_a_page_is_in_the_code(string profile)
    {
        var source = Path.Combine(CommandTests.Repository(), "src");
        var profiles = Directory.EnumerateFiles(Path.Combine(source, "TokenExchange", "Outbound", "Profiles")).Select(File.ReadAllText);
        var code = string.Concat(profiles) + File.ReadAllText(Path.Combine(source, "Gateway", "Commands", "DoctorHints.cs")) + File.ReadAllText(Path.Combine(source, "Gateway", "Observe", "Remedies.cs"));
        var hints = HintCells().Matches(File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "authorization-servers", profile + ".md"))).Select(match => match.Groups[1].Value).Except(["`doctor` says", "---", "the same"]).ToList();

        Assert.NotEmpty(hints);
        Assert.All(hints, hint => Assert.Contains($"\"{hint}\"", code, StringComparison.Ordinal));
    }

    // Each is said and explained on the page.
    private static string[] Warnings(string profile) => profile switch
    {
        "authentik" or "cognito" or "spring" or "workos" or "zitadel" => ["token-types"],
        "okta" => ["foreign-subjects", "token-types"],
        "entra-obo" => ["account-audience"],
        "id-jag" => ["profile-experimental"],
        _ => [],
    };

    private static string WrongSecret(string text) => SecretFiles().Replace(text, "\"Secret\": \"wrong\"");

    /// <summary>Answers real subjects like this; the one that nobody accepts is refused as ever.</summary>
    private static void AnswerSubjects(Product product, string body) =>
        product.Answering = (request, judged) => request["subject_token"] == "not-a-token" ? judged : StubAnswer.Json(200, body);

    [GeneratedRegex("\"SecretFile\": \"[^\"]*\"")]
    private static partial Regex SecretFiles();

    [GeneratedRegex(@"^\|.*\| ([^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex HintCells();
}
