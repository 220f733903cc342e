using System.Text.Json;
using Gateway.Authorize;
using Gateway.Authorize.Policy;
using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Forward;

/// <summary>
/// Takes the tools out of a list that the server's rules would refuse this caller anyway, marks what is left as the
/// caller's own, and leaves every other byte as it is. A tool without one name can be called by none, and a message that
/// cannot be read is no list that may pass.
/// </summary>
internal sealed class ToolListFilter(OperationRules rules, ScopeSet effective)
{
    /// <summary>The message without the hidden tools; null when it has no list of any. Throws <see cref="IOException"/> when it is unreadable.</summary>
    public byte[]? Without(ReadOnlySpan<byte> message)
    {
        message = message.StartsWith("\uFEFF"u8) ? message[3..] : message;
        if (message.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            // An event that only carries an id, for one.
            return null;
        }

        try
        {
            var edits = ListMessage.Read(message, only: "tools")
                .SelectMany(found => found.Lists.SelectMany(list => list.Without(index => list.Entries[index].Name is not { } tool || Refuses(tool)).Select(cut => (cut, Array.Empty<byte>()))).Concat(found.MadePrivate))
                .ToList();
            return edits.Count == 0 ? null : ListMessage.With(message, edits);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new MalformedAnswerException("The MCP server sent a list that cannot be read.");
        }
    }

    private bool Refuses(string tool)
    {
        var verdict = rules.Of(new Operation(MessageKind.Request, "tools/call", tool));
        return verdict.Denied || !verdict.Scopes.IsSubsetOf(effective);
    }
}
