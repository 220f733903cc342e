namespace Harness.Products;

/// <summary>Every product by the name of its profile.</summary>
internal static class ProductList
{
    public static IReadOnlyDictionary<string, Func<TimeProvider, Product>> ByProfile { get; } = new Dictionary<string, Func<TimeProvider, Product>>
    {
        ["rfc8693"] = clock => new Standard(clock),
        ["keycloak"] = clock => new Keycloak(clock),
        ["entra-obo"] = clock => new Entra(clock),
        ["auth0-obo"] = clock => new Auth0(clock),
        ["okta"] = clock => new Okta(clock),
        ["zitadel"] = clock => new Zitadel(clock),
        ["authentik"] = clock => new Authentik(clock),
        ["openiddict"] = clock => new OpenIddictProduct(clock),
        ["spring"] = clock => new Spring(clock),
        ["tokendings"] = clock => new Tokendings(clock),
        ["cognito"] = clock => new Cognito(clock),
        ["workos"] = clock => new WorkOs(clock),
        ["id-jag"] = clock => new CrossApp(clock),
    };
}
