using System.Text;
using Gateway.Observe;

namespace Gateway.Bridge;

/// <summary>What a child writes to its standard error: into the log, cut, without control characters and tokens, and not without end.</summary>
internal sealed class ChildLog(int id, ILogger logger, TimeProvider clock)
{
    private const int MaxLine = ForeignText.MaxLength;
    private const int LinesPerWindow = 100;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private long windowBegan = clock.GetTimestamp();
    private int lines;
    private long leftOut;

    /// <summary>Reads to the end. A flood is read as fast as it comes, so that it does not stop the child.</summary>
    public async Task ReadAsync(Stream errors, CancellationToken cancellation)
    {
        var reader = new LineReader(errors, MaxLine);
        try
        {
            while (await reader.ReadAsync(cancellation) is { } line)
            {
                Write(line.Span, reader.WasCut);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The process has gone.
        }

        SayWhatIsLeftOut();
    }

    /// <summary>A line for the log: control and formatting characters are blanks, since terminals obey them.</summary>
    internal static string Clean(ReadOnlySpan<byte> line, bool wasCut)
    {
        var text = Encoding.UTF8.GetString(line);
        var clean = string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = char.GetUnicodeCategory(source[i]) is System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format
                    or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator ? ' ' : source[i];
            }
        });
        ForeignText told = clean.Trim();
        return told.Without(default) + (wasCut ? " …" : "");
    }

    private void Write(ReadOnlySpan<byte> line, bool wasCut)
    {
        if (clock.GetElapsedTime(windowBegan) >= Window)
        {
            SayWhatIsLeftOut();
            (windowBegan, lines) = (clock.GetTimestamp(), 0);
        }

        if (++lines > LinesPerWindow)
        {
            leftOut++;
        }
        else if (!line.IsEmpty)
        {
            logger.ChildSays(id, Clean(line, wasCut));
        }
    }

    private void SayWhatIsLeftOut()
    {
        if (leftOut > 0)
        {
            logger.ChildLinesLeftOut(id, leftOut);
            leftOut = 0;
        }
    }
}
