using System.Globalization;
using Gateway.Advertise;
using Gateway.Forward;
using Gateway.Observe;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway;

/// <summary>How every request that goes no further ends, and every answer that is not relayed: told, then written.</summary>
internal sealed class Refusals(RequestEnd end)
{
    public async Task RefuseAsync(HttpContext context, GatewayRequest request, Refused refused)
    {
        request.Refuse(refused.Detail is null && DetailOf(context, request, refused.Kind) is { } detail ? refused with { Detail = detail } : refused);
        if (!await end.CompleteAsync(context, request))
        {
            context.Abort();
            return;
        }

        if (!context.Response.HasStarted && request.Server is { } server)
        {
            Cors.Expose(context, server);
        }

        await RefusalWriter.WriteAsync(context, request, refused);
    }

    /// <summary>What of a request the audit has nowhere else, where the reason is about just that: of what the client wrote, nothing that is or looks like a credential.</summary>
    private static string? DetailOf(HttpContext context, GatewayRequest request, Refusal kind)
    {
        if (kind == Refusal.BodyTooLarge)
        {
            return request.Server is { } server ? string.Create(CultureInfo.InvariantCulture, $"over {server.Operations.MaxRequestBody} bytes") : null;
        }

        // A query may hold anything, and decides nothing of both.
        ForeignText text = kind == Refusal.NotFound ? PathAsWritten(context)
            : kind == Refusal.OriginNotAllowed ? context.Request.Headers.Origin.ToString()
            : null;
        return text.Without(Credentials.Of(context, request));
    }

    /// <summary>Decoded it might look as if there were such a path.</summary>
    private static string? PathAsWritten(HttpContext context) =>
        context.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target ? target.Split('?')[0] : context.Request.Path.Value;
}
