using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Authorize.Bodies;

/// <summary>
/// The one way to a body that a client sends. What ends it early is told apart here, where every reader gets it from: a
/// client that left (<see cref="ConnectionResetException"/>), a body that is no body (<see cref="BadHttpRequestException"/>),
/// and a read that was given up (<see cref="OperationCanceledException"/>). None is a fault of the gateway.
/// </summary>
internal static class InboundBody
{
#pragma warning disable RS0030 // Banned everywhere else.
    /// <summary>Reads on; 0 at the end.</summary>
    public static ValueTask<int> ReadAsync(HttpRequest request, Memory<byte> buffer, CancellationToken cancellation)
    {
        // Nearly always it is there already.
        var reading = request.Body.ReadAsync(buffer, cancellation);
        return reading.IsCompletedSuccessfully ? reading : ToldApartAsync(reading);
    }

    /// <summary>
    /// Gives up the read that waits now. Of a body that broke off a moment ago (over HTTP/2, by a reset stream) there is nothing to give up, as
    /// its reader is told at its next turn; Kestrel throws at whoever tries.
    /// </summary>
    public static void CancelRead(HttpRequest request)
    {
        try
        {
            request.BodyReader.CancelPendingRead();
        }
        catch (Exception)
        {
            // Whatever ended the body.
        }
    }

    /// <summary>Puts bytes that were read in the place of the body, for the forwarder.</summary>
    public static void Replace(HttpRequest request, Stream body) => request.Body = body;
#pragma warning restore RS0030

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> ToldApartAsync(ValueTask<int> reading)
    {
        try
        {
            return await reading;
        }
        catch (IOException exception) when (exception.InnerException is OverflowException)
        {
            // A chunk longer than can be counted, for which Kestrel has no refusal of its own.
            throw new BadHttpRequestException("The body's framing cannot be read.", exception);
        }
        catch (IOException exception) when (exception is not (BadHttpRequestException or ConnectionResetException))
        {
            // A reset stream of HTTP/2 has left its connection as it was, and may not have aborted its request yet.
            throw new ConnectionResetException("The client left while it sent its body.", exception);
        }
    }
}
