using Gateway.Advertise;
using Gateway.Authenticate;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Authorize.Bodies;

/// <summary>
/// Reads the body of a request, whole and in time, for whoever may ask anything at all. Refuses a body where none belongs, one
/// beyond the budget, one that is framed twice or is no plain JSON, and one that is too large, too slow or broken.
/// </summary>
internal static class BodyReader
{
    /// <summary>Reads the body, unless it is there already; null when there is nothing to refuse.</summary>
    public static ValueTask<Refused?> ReadAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        // Whoever lacks what every request here needs is told so before a byte of the body is held for it.
        if (OperationCheck.RequiredScopes(admitted) is { } lacking)
        {
            return new(lacking);
        }

        return request.Body is { } there ? new(there.Length > admitted.Server.Operations.MaxRequestBody ? Refusal.BodyTooLarge : null) : TakeAsync(context, request, admitted);
    }

    private static async ValueTask<Refused?> TakeAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        var policy = admitted.Server.Operations;
        var http = context.Request;
        request.Held = policy.Bodies.For(Principal.Of(admitted.Token));
        if (http.Method != "POST")
        {
            // A GET or DELETE has no message; bytes that nobody looked at are not passed on.
            return context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && http.ContentLength != 0
                ? BodyRefusal.NotExpected
                : null;
        }

        if (!request.Held.TryGrow(RequestBody.FirstSize(http, policy.MaxRequestBody)))
        {
            return Refusal.OverloadedByBodies;
        }

        if (!BodyForm.IsFramedOnce(http))
        {
            return Refusal.BodyFraming;
        }

        if (!BodyForm.IsPlainJson(http))
        {
            return Refusal.BodyMediaType;
        }

        var (body, unreadable) = await ReadAsync(context, request, policy);
        request.Body = body;
        return unreadable;
    }

    private static async ValueTask<(RequestBody? Body, Refused? Unreadable)> ReadAsync(HttpContext context, GatewayRequest request, OperationPolicy policy)
    {
        try
        {
            var reading = RequestBody.ReadAsync(context.Request, request, policy.MaxRequestBody, context.RequestAborted);
            var (body, beyond) = await (reading.IsCompleted ? reading : InTimeAsync(reading, context, policy.RequestBodyTimeout, request.Clock));
            return (body, body is not null ? null : beyond == BodyBound.Own ? Refusal.BodyTooLarge : Refusal.OverloadedByBodies);
        }
        catch (BadHttpRequestException exception)
        {
            return (null, exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => Refusal.BodyTooLarge,
                StatusCodes.Status408RequestTimeout => Refusal.BodyTooSlow,
                _ => BodyRefusal.Broken,
            });
        }
        catch (OutOfMemoryException)
        {
            // For the larger array that a body grows into; what is held stays far below, but not what else fills the memory in that moment.
            return (null, Refusal.OverloadedByBodies);
        }
        catch (OperationCanceledException exception)
        {
            // Nothing of the body was wrong: there is nobody any more to send it, whether or not the request knows yet.
            throw new ConnectionResetException("The client left while it sent its body.", exception);
        }
    }

    /// <summary>The body, if it is whole in time: however steadily it trickles, and whatever rate is enough for the connection.</summary>
    private static async ValueTask<T> InTimeAsync<T>(ValueTask<T> reading, HttpContext context, TimeSpan timeout, TimeProvider clock)
    {
        var late = false;
        await using var deadline = clock.CreateTimer(
            _ =>
            {
                Volatile.Write(ref late, true);
                InboundBody.CancelRead(context.Request);
            },
            null,
            timeout,
            Timeout.InfiniteTimeSpan);
        try
        {
            return await reading;
        }
        catch (OperationCanceledException) when (Volatile.Read(ref late) && !context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body was not whole in time.", StatusCodes.Status408RequestTimeout);
        }
    }
}
