using System.Text.Json;
using Gateway.Advertise;
using Gateway.Authorize.Policy;
using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Forward;

/// <summary>
/// Takes out of lists what a decision point would refuse this caller, and marks what is left as the caller's own. What
/// nobody can say anything about is no list that may pass.
/// </summary>
internal sealed class PolicyListFilter(PolicyCheck policy, ValidatedToken token, string requestId)
{
    /// <summary>The message without what is hidden, or as it is; null and the outage when there was no decision. Throws <see cref="IOException"/> when it is unreadable.</summary>
    public async ValueTask<(ReadOnlyMemory<byte>? Message, PolicyDecision? Outage)> JudgeAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var edits = new List<(Range At, byte[] By)>();
        foreach (var found in Read(message))
        {
            foreach (var list in found.Lists)
            {
                var (hidden, outage) = await HiddenAsync(list, cancellation);
                if (hidden is null)
                {
                    return (null, outage);
                }

                edits.AddRange(list.Without(index => hidden[index]).Select(cut => (cut, Array.Empty<byte>())));
            }

            edits.AddRange(found.MadePrivate);
        }

        return (edits.Count == 0 ? message : ListMessage.With(message.Span, edits), null);
    }

    /// <summary>The same for a message on a stream: an error stands in place of a list about which nobody can say anything.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> JudgeOrReplaceAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        (await JudgeAsync(message, cancellation)).Message
        ?? ListMessage.With(message.Span, [.. Read(message).Select(found => (found.Whole, Error(message[found.Id])))]);

    private static List<ListMessage> Read(ReadOnlyMemory<byte> message)
    {
        var text = message.Span.StartsWith("\uFEFF"u8) ? message.Span[3..] : message.Span;
        if (text.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            // An event that only carries an id, for one.
            return [];
        }

        if (text.Length != message.Length)
        {
            throw new MalformedAnswerException("The MCP server sent a list behind a byte order mark.");
        }

        try
        {
            return ListMessage.Read(text);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new MalformedAnswerException("The MCP server sent a list that cannot be read.");
        }
    }

    private async ValueTask<(bool[]? Hidden, PolicyDecision? Outage)> HiddenAsync(ListedEntries list, CancellationToken cancellation)
    {
        var hidden = new bool[list.Entries.Count];
        Array.Fill(hidden, true);

        // What has no name can be asked for by none, and asked about neither.
        int[] named = [.. Enumerable.Range(0, hidden.Length).Where(index => list.Entries[index].Name is { Length: > 0 })];
        if (named.Length == 0)
        {
            return (hidden, null);
        }

        var (allowed, outage) = await policy.DecideAllAsync(token, [.. named.Select(index => list.Of(list.Entries[index].Name!))], requestId, cancellation);
        if (allowed is null)
        {
            return (null, outage);
        }

        for (var i = 0; i < named.Length; i++)
        {
            hidden[named[i]] = !allowed[i];
        }

        return (hidden, null);
    }

    private byte[] Error(ReadOnlyMemory<byte> id) => RefusalWriter.JsonRpcError(Refusal.PolicyUnavailable, id, requestId).WrittenSpan.ToArray();
}
