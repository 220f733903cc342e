using Gateway.Benchmarks.BareYarp;

// jwtyarp URL BACKEND ISSUER AUDIENCE
var (url, backend, issuer, audience) = (args[0], args[1], args[2], args[3]);
await BareProxy.Create(url, backend, policy: "default", configure: builder =>
{
    builder.Services.AddAuthentication().AddJwtBearer(options =>
    {
        options.Authority = issuer;
        options.Audience = audience;
        options.RequireHttpsMetadata = false;
    });
    builder.Services.AddAuthorization();
}).RunAsync();
