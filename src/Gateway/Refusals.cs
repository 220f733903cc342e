using Gateway.Advertise;
using Gateway.Forward;
using Gateway.Observe;

namespace Gateway;

/// <summary>How every request that goes no further ends, and every answer that is not relayed: told, then written.</summary>
internal sealed class Refusals(RequestEnd end)
{
    public async Task RefuseAsync(HttpContext context, GatewayRequest request, Refused refused)
    {
        request.Refuse(refused);
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
}
