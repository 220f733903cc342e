// yarp --contentRoot DIRECTORY: reads appsettings.json there. "Servers": {} means no authentication at all.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
var authentication = builder.Services.AddAuthentication();
var authorization = builder.Services.AddAuthorizationBuilder();
foreach (var server in builder.Configuration.GetSection("Servers").GetChildren())
{
    authentication.AddJwtBearer(server.Key, options =>
    {
        options.Authority = builder.Configuration["Authority"];
        options.Audience = server.Value;
        options.RequireHttpsMetadata = false;
    });
    authorization.AddPolicy(server.Key, policy => policy.AddAuthenticationSchemes(server.Key).RequireAuthenticatedUser());
}

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapReverseProxy();
await app.RunAsync();
