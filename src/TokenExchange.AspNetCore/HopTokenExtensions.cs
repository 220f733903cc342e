using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using TokenExchange.AspNetCore;
using TokenExchange.Inbound;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds hop tokens to the authentication of an MCP server.</summary>
public static class HopTokenExtensions
{
    /// <summary>
    /// Accepts access tokens that were minted for exactly this server, as a Bearer token or with a DPoP proof, refuses with the
    /// challenges of RFC 6750 and RFC 9449, and serves the resource document of RFC 9728. An endpoint is protected once it
    /// requires authorization (<c>RequireAuthorization()</c>).
    /// </summary>
    /// <param name="builder">The authentication of the application.</param>
    /// <param name="configure">Sets at least <see cref="HopTokenOptions.Issuer"/> and <see cref="HopTokenOptions.Resource"/>.</param>
    /// <exception cref="ArgumentException">At start: the options cannot be used, with every problem.</exception>
    public static AuthenticationBuilder AddHopToken(this AuthenticationBuilder builder, Action<HopTokenOptions> configure) =>
        builder.AddHopToken(HopTokenDefaults.AuthenticationScheme, configure);

    /// <summary>The same under a scheme's name of one's own, for an application that is several MCP servers.</summary>
    /// <param name="builder">The authentication of the application.</param>
    /// <param name="scheme">The name of the authentication scheme.</param>
    /// <param name="configure">Sets at least <see cref="HopTokenOptions.Issuer"/> and <see cref="HopTokenOptions.Resource"/>.</param>
    public static AuthenticationBuilder AddHopToken(this AuthenticationBuilder builder, string scheme, Action<HopTokenOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.TryAddSingleton<HopTokenServers>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HopTokenServers>(services => services.GetRequiredService<HopTokenServers>()));
        builder.Services.AddSingleton(new HopTokenScheme(scheme));
        return builder.AddScheme<HopTokenOptions, HopTokenHandler>(scheme, configure);
    }

    /// <summary>The token of the request, once it was authenticated; null before, and for every other request.</summary>
    public static ValidatedToken? GetHopToken(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ValidatedToken>();
    }
}
