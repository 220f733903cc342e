using System.Collections.Frozen;
using System.Diagnostics;
using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using Gateway.Generations;

namespace Gateway.Revoke;

/// <summary>What is wrong with something that was posted.</summary>
/// <param name="Error">The error code of the protocol, for whoever posted it.</param>
/// <param name="Check">The check that it did not pass, a fixed word.</param>
internal sealed record Unsound(string Error, string Check);

/// <summary>
/// An endpoint at which one token is posted that says what has ended, at a path for each authorization server that it is
/// about. Whoever comes has no access token: the body is small, and everything but one sound token is refused.
/// </summary>
/// <param name="pathPrefix">What comes before the name of the authorization server.</param>
/// <param name="mediaType">The type of the body.</param>
/// <param name="maxLength">The most bytes of the body.</param>
/// <param name="generations">Whose receivers are asked for, and out of whose budget bodies are held.</param>
/// <param name="clock">The time.</param>
internal abstract class ReceivingEndpoint<TReceiver>(string pathPrefix, string mediaType, int maxLength, LiveGenerations generations, TimeProvider clock)
    where TReceiver : class
{
    /// <summary>Serves the request when its path is that of a server of which something is taken here.</summary>
    public ValueTask<bool> TryServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path.StartsWith(pathPrefix, StringComparison.Ordinal) && ReceiversOf(generations.Current).TryGetValue(path[pathPrefix.Length..], out var receiver)
            ? ServeAsync(context, receiver)
            : new(false);
    }

    /// <summary>Who takes something here, by configured name.</summary>
    protected abstract FrozenDictionary<string, TReceiver> ReceiversOf(Generation generation);

    /// <summary>Why this sender is not heard at all, found before the body is read; null: it is.</summary>
    protected virtual Unsound? SenderFault(HttpRequest request, TReceiver receiver) => null;

    /// <summary>What is wrong when there is no body of the type, or none that could be read.</summary>
    protected abstract Unsound BodyFault { get; }

    /// <summary>Carries out what a body says, and answers. Returns what is wrong with it instead: then nothing was done or answered.</summary>
    protected abstract Task<Unsound?> TakeAsync(HttpContext context, TReceiver receiver, ReadOnlyMemory<byte> body);

    /// <summary>Notes a refusal, and returns the JSON that tells of it.</summary>
    protected abstract string Refuse(HttpResponse response, TReceiver receiver, Unsound fault);

    /// <summary>What was said is in force here; whoever said it is to say it again, perhaps where it can be written.</summary>
    protected static void AskAgain(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        RefusalWriter.ComeBackAfter(response, Refusal.ComeBack);
    }

    private async ValueTask<bool> ServeAsync(HttpContext context, TReceiver receiver)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            response.Headers.Allow = "POST";
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        }
        else if ((SenderFault(context.Request, receiver) ?? await ReadAsync(context, receiver)) is { } fault)
        {
            var told = Refuse(response, receiver, fault);
            response.StatusCode = StatusCodes.Status400BadRequest;
            response.ContentType = "application/json";
            await response.WriteAsync(told, context.RequestAborted);
        }

        return true;
    }

    private async Task<Unsound?> ReadAsync(HttpContext context, TReceiver receiver)
    {
        using var body = await SmallBody.ReadAsync(context, pathPrefix, mediaType, maxLength, generations.Current.Bodies, clock);
        switch (body)
        {
            case SmallBody.Read read:
                return await TakeAsync(context, receiver, read.Bytes);
            case SmallBody.Unfit:
                return BodyFault;
            case SmallBody.Overloaded:
                SmallBody.Overloaded.Tell(context.Response);
                return null;
            default:
                throw new UnreachableException();
        }
    }
}
