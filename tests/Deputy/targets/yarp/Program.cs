// yarp --contentRoot DIRECTORY: reads appsettings.json there. "Servers": {} means no authentication at all.
using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
var authentication = builder.Services.AddAuthentication();
var authorization = builder.Services.AddAuthorizationBuilder();
var servers = builder.Configuration.GetSection("Servers").GetChildren().ToDictionary(server => server.Key, server => server.Value!);
var openIddict = builder.Configuration.GetValue<bool>("OpenIddict");
if (openIddict)
{
    builder.Services.AddOpenIddict().AddValidation(options =>
    {
        options.SetIssuer(builder.Configuration["Authority"]!);
        options.AddAudiences([.. servers.Values]);
        options.UseSystemNetHttp();
        options.UseAspNetCore().DisableAccessTokenExtractionFromBodyForm().DisableAccessTokenExtractionFromQueryString();
    });
}

foreach (var (name, audience) in servers)
{
    if (openIddict)
    {
        authorization.AddPolicy(name, policy => policy
            .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.User.HasAudience(audience)));
        continue;
    }

    authentication.AddJwtBearer(name, options =>
    {
        options.Authority = builder.Configuration["Authority"];
        options.Audience = audience;
        options.RequireHttpsMetadata = false;
    });
    authorization.AddPolicy(name, policy => policy.AddAuthenticationSchemes(name).RequireAuthenticatedUser());
}

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapReverseProxy();
await app.RunAsync();
