using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gateway.Tests.HopTokens;

/// <summary>A hop token at an MCP server, with JwtBearer: what docs/mcp-servers.md shows.</summary>
internal static class JwtBearerServer
{
    public static void Add(IServiceCollection services, string issuer, string resource, RecentKeys keys) =>
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(o =>
        {
            o.MapInboundClaims = false;
            o.TokenValidationParameters = new()
            {
                ValidIssuer = issuer,
                ValidTypes = ["at+jwt"],
                ValidAlgorithms = ["ES256"],
                AudienceValidator = (audiences, _, _) => audiences.SequenceEqual([resource]),
                IssuerSigningKeyResolver = (_, _, kid, _) => keys.Of(kid),
                TryAllIssuerSigningKeys = false,
                ClockSkew = TimeSpan.FromSeconds(30),
            };
            o.Events = new()
            {
                OnMessageReceived = async context =>
                {
                    var text = context.Request.Headers.Authorization.ToString();
                    if (text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && text.Length < 16_384)
                    {
                        await keys.LearnAsync(text[7..], context.HttpContext.RequestAborted);
                    }
                },
                OnTokenValidated = context =>
                {
                    if (context.SecurityToken is JsonWebToken token && token.TryGetClaim("cnf", out _))
                    {
                        context.Fail("bound to a key: it needs its DPoP proof");
                    }

                    return Task.CompletedTask;
                },
            };
        });
}

/// <summary>The issuer's keys: removed ones are gone after 30 s, a new one is fetched with the first token that names it.</summary>
internal sealed class RecentKeys(Uri address, HttpClient http, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private volatile IList<SecurityKey> keys = [];
    private DateTimeOffset fetched = DateTimeOffset.MinValue;

    public IEnumerable<SecurityKey> Of(string? kid) => keys.Where(key => key.KeyId == kid);

    public void Dispose() => gate.Dispose();

    public async Task LearnAsync(string token, CancellationToken cancellationToken)
    {
        var handler = new JsonWebTokenHandler();
        var kid = handler.CanReadToken(token) ? handler.ReadJsonWebToken(token).Kid : null;
        await gate.WaitAsync(cancellationToken);
        try
        {
            var age = clock.GetUtcNow() - fetched;
            if (age >= TimeSpan.FromSeconds(30) || (!Of(kid).Any() && age >= TimeSpan.FromSeconds(1)))
            {
                keys = new JsonWebKeySet(await http.GetStringAsync(address, cancellationToken)).GetSigningKeys();
                fetched = clock.GetUtcNow();
            }
        }
        finally
        {
            gate.Release();
        }
    }
}
