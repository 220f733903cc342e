using System.Text.RegularExpressions;
using Gateway.Commands;
using Harness;
using Harness.Products;

namespace Gateway.Tests.Commands;

/// <summary>
/// The page of one product: its text, its gateway.json, and that gateway.json with the addresses of a running server that
/// judges as the product does in place of the page's.
/// </summary>
internal sealed partial class ProductPage : IAsyncDisposable
{
    private readonly ClientFiles files = new();
    private readonly TestMcpServer weather;

    private ProductPage(string profile, TestMcpServer weather)
    {
        Text = File.ReadAllText(PathOf(profile));
        Product = ProductList.ByProfile[profile](TimeProvider.System);
        this.weather = weather;
    }

    public string Text { get; }

    public Product Product { get; }

    /// <summary>The gateway.json of the page; every fenced block of JSON is a whole one.</summary>
    public static IReadOnlyList<string> Configurations(string profile) => [.. Fences().Matches(File.ReadAllText(PathOf(profile))).Select(match => match.Groups[1].Value)];

    public static ProductPage Open(string profile) => new(profile, new TestMcpServer());

    /// <summary>Runs <c>doctor</c> with the page's gateway.json, after <paramref name="change"/> had its way with the text, and perhaps with a subject token.</summary>
    public async Task<(int Exit, string Output)> DoctorAsync(bool withSubject, Func<string, string>? change = null)
    {
        var configuration = Adapted();
        var config = files.Write("gateway.json", change?.Invoke(configuration) ?? configuration);
        string[] subject = withSubject ? ["--subject-token-file", files.Write("subject", Product.SubjectToken())] : [];
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(["doctor", "--config", config, .. subject]);
        return (exit, output + errors.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await Product.DisposeAsync();
        await weather.DisposeAsync();
        files.Dispose();
        if (Product.Mistake is { } mistake)
        {
            throw new InvalidOperationException("The stub failed.", mistake);
        }
    }

    private static string PathOf(string profile) => Path.Combine(CommandTests.Repository(), "docs", "authorization-servers", profile + ".md");

    private string Adapted()
    {
        var configuration = Configurations(Product.Profile).Single();
        foreach (var (there, here) in Places().Append(("/run/secrets/gateway/client-secret", files.Write("secret", Product.Secret + "\n")))
            .Append(("/run/secrets/gateway/client.pem", Product is OpenIddictProduct ? files.Ec : files.Rsa))
            .Append(("/run/secrets/gateway/client.crt", files.Certificate))
            .Append(("http://weather.mcp.svc:8080/mcp", weather.Url)))
        {
            configuration = configuration.Replace($"\"{there}\"", $"\"{here}\"", StringComparison.Ordinal);
        }

        return configuration;
    }

    /// <summary>What the page calls by a name that an administrator has to fill in, and what the running server calls it.</summary>
    private (string There, string Here)[] Places() => Product.Profile switch
    {
        "rfc8693" or "spring" => [("https://login.example.com", Product.Stub.Issuer)],
        "openiddict" => [("https://login.example.com/", Product.Stub.Issuer)],
        "keycloak" => [("https://login.example.com/realms/corp", Product.Stub.Issuer)],
        "entra-obo" =>
        [
            ("https://login.microsoftonline.com/TENANT/v2.0", Product.Stub.Issuer), ("https://login.microsoftonline.com/TENANT/oauth2/v2.0/token", Product.Stub.TokenEndpoint),
            ("GATEWAY-APP-ID", Product.Gateway), ("WEATHER-APP-ID", Entra.WeatherApp),
        ],
        "auth0-obo" => [("https://acme.eu.auth0.com/", Product.Stub.Issuer), ("GATEWAY-CLIENT-ID", Product.Gateway)],
        "okta" =>
        [
            ("https://acme.okta.com/oauth2/aus-mcp", Product.InboundIssuer.Issuer), ("https://acme.okta.com/oauth2/aus-weather", Product.Stub.Issuer),
            ("https://acme.okta.com/oauth2/aus-weather/v1/token", Product.Stub.TokenEndpoint), ("0oaGATEWAY", Product.Gateway),
        ],
        "zitadel" =>
        [
            ("https://acme.zitadel.cloud", Product.Stub.Issuer), ("MCP-CLIENT-ID", "agent"), ("GATEWAY-CLIENT-ID", Product.Gateway),
            ("WEATHER-PROJECT-ID", Zitadel.Project), ("MCP-PROJECT-ID", Zitadel.McpProject),
        ],
        "authentik" => [("https://auth.example.com/application/o/mcp-gateway/", Product.Stub.Issuer), ("https://auth.example.com/application/o/weather/", Product.ResultIssuer.Issuer)],
        "tokendings" => [("https://login.example.com", Product.InboundIssuer.Issuer), ("https://tokendings.example.com", Product.Stub.Issuer), ("prod:mcp:gateway", Product.Gateway)],
        "cognito" => [("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_POOL", Product.Stub.Issuer), ("GATEWAY-APP-CLIENT-ID", Product.Gateway)],
        "workos" => [("https://acme.authkit.app", Product.Stub.Issuer), ("client_GATEWAY", Product.Gateway)],
        "id-jag" => [("https://idp.example.com", Product.Stub.Issuer), ("https://as.weather.example", Product.ResultIssuer.Issuer)],
        _ => throw new ArgumentOutOfRangeException(Product.Profile),
    };

    [GeneratedRegex("```jsonc?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fences();
}
