using System.Buffers;

namespace Gateway.Bridge;

/// <summary>
/// What a message that is too long to be held says of itself: its own members by name, whatever the order, without what is
/// within them and without the text of strings. It is read as any message is, so that what two readers could take for two
/// different ids has none.
/// </summary>
internal sealed class MessageOutline
{
    private const int MaxLength = 64 * 1024;
    private readonly ArrayBufferWriter<byte> outline = new();
    private int depth;
    private bool inString;
    private bool isEscaped;
    private bool isName;
    private bool isLost;

    /// <summary>The next piece of the line.</summary>
    public void Add(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            piece = piece[(inString ? AddText(piece) : AddToken(piece[0]))..];
        }
    }

    /// <summary>The message without its content, once its line is whole; null when it is none, or says too much of itself.</summary>
    public Message? Read() => isLost || inString || depth != 0 ? null : Message.Read(outline.WrittenMemory);

    private int AddText(ReadOnlySpan<byte> piece)
    {
        if (isEscaped)
        {
            isEscaped = false;
            Keep(piece[..1], isName);
            return 1;
        }

        var length = piece.IndexOfAny((byte)'"', (byte)'\\');
        if (length < 0)
        {
            Keep(piece, isName);
            return piece.Length;
        }

        (inString, isEscaped) = (piece[length] != '"', piece[length] == '\\');
        Keep(piece[..length], isName);
        Keep(piece.Slice(length, 1), isName || (!inString && depth <= 1));
        return length + 1;
    }

    private int AddToken(byte token)
    {
        var outer = depth;
        switch (token)
        {
            case (byte)'"':
                inString = true;
                break;
            case (byte)'{' or (byte)'[':
                depth++;
                isName = outer == 0;
                break;
            case (byte)'}' or (byte)']':
                outer = --depth;
                isLost |= depth < 0;
                break;
            case (byte)':':
                isName = false;
                break;
            case (byte)',':
                isName = depth == 1;
                break;
        }

        Keep([token], outer <= 1);
        return 1;
    }

    private void Keep(ReadOnlySpan<byte> bytes, bool isOutline)
    {
        if (!isOutline || isLost)
        {
            return;
        }

        isLost = outline.WrittenCount + bytes.Length > MaxLength;
        if (!isLost)
        {
            outline.Write(bytes);
        }
    }
}
