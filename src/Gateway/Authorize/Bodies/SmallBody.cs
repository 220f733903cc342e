using Gateway.Advertise;

namespace Gateway.Authorize.Bodies;

/// <summary>
/// The body of a request that anybody may send, without an access token: read whole up to a bound, within ten seconds, and
/// out of the budget for bodies, of which all who come to such an endpoint are one principal. Closed, so that a switch over
/// it can be complete; what was read is held until it is disposed of.
/// </summary>
internal abstract class SmallBody : IDisposable
{
    public const string Form = "application/x-www-form-urlencoded";

    private const int FirstLength = 4 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private BodyHold held;

    private SmallBody(BodyHold held) => this.held = held;

    /// <summary>
    /// Reads the body of a request to <paramref name="endpoint"/>, of <paramref name="most"/> bytes at most, when it says that it
    /// is of the type that is wanted there. Throws when the client leaves.
    /// </summary>
    public static async ValueTask<SmallBody> ReadAsync(HttpContext context, string endpoint, string mediaType, int most, BodyBudget bodies, TimeProvider clock)
    {
        var request = context.Request;
        if (!BodyForm.IsOf(request, mediaType) || request.ContentLength > most)
        {
            return new Unfit();
        }

        var held = bodies.For(new Principal(endpoint, ""));
        SmallBody? body = null;
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        try
        {
            var buffer = Array.Empty<byte>();
            var length = 0;
            while (length <= most)
            {
                if (length == buffer.Length)
                {
                    var size = Math.Clamp(buffer.Length * 2, Math.Min(FirstLength, most + 1), most + 1);
                    if (!held.TryGrow(size))
                    {
                        return new Overloaded();
                    }

                    Array.Resize(ref buffer, size);
                }

                var read = await InboundBody.ReadAsync(request, buffer.AsMemory(length), either.Token);
                if (read == 0)
                {
                    return body = new Read(buffer.AsMemory(0, length), held);
                }

                length += read;
            }

            return new Unfit();
        }
        catch (Exception exception) when (exception is BadHttpRequestException || (exception is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            return new Unfit();
        }
        finally
        {
            // Nobody else can give it back.
            if (body is null)
            {
                held.Dispose();
            }
        }
    }

    public void Dispose() => held.Dispose();

    /// <summary>The whole body.</summary>
    public sealed class Read(ReadOnlyMemory<byte> bytes, BodyHold held) : SmallBody(held)
    {
        public ReadOnlyMemory<byte> Bytes => bytes;
    }

    /// <summary>It is of another type, too large, too slow or broken.</summary>
    public sealed class Unfit() : SmallBody(default);

    /// <summary>It was not read, because too much is held already.</summary>
    public sealed class Overloaded() : SmallBody(default)
    {
        /// <summary>Says so, and when to come back; whoever answers adds what is told there besides.</summary>
        public static void Tell(HttpResponse response)
        {
            response.StatusCode = Refusal.Overloaded.Status;
            RefusalWriter.ComeBackAfter(response, Refusal.BodiesComeBack);
        }
    }
}
