using System.Text;

namespace Demo;

/// <summary>
/// Writes the walk for a reader, at most 100 columns wide: with colour and drawn lines on a terminal, as plain ASCII
/// where output is piped, where the terminal is dumb, or where NO_COLOR asks for it.
/// </summary>
internal sealed class Terminal(TextWriter output, bool rich)
{
    public const int Width = 100;

    private const string Indent = "   ";

    public static Terminal OfConsole()
    {
        var rich = !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        if (rich)
        {
            Console.OutputEncoding = Encoding.UTF8;
        }

        return new Terminal(Console.Out, rich);
    }

    public void Blank() => output.WriteLine();

    public void Title(string text)
    {
        Blank();
        var line = new string(rich ? '━' : '=', Math.Max(3, Width - text.Length - 4));
        output.WriteLine(Paint($"{(rich ? "━━" : "==")} {text} {line}"[..Width], "1;36"));
        Blank();
    }

    /// <summary>Running text, broken at spaces.</summary>
    public void Paragraph(string text)
    {
        foreach (var line in Wrap(text, Width - Indent.Length))
        {
            output.WriteLine(Indent + line);
        }

        Blank();
    }

    public void Sent(string what) => Lines(Paint(rich ? "→" : "->", "36"), what, "");

    public void Received(string what) => Lines(Paint(rich ? "←" : "<-", "36"), what, "");

    /// <summary>A detail below what was sent or received.</summary>
    public void Detail(string text) => Lines("  ", text, "2");

    public void Check(string promise, bool kept) =>
        Lines(kept ? Paint(rich ? "✓ " : "ok", "32") : Paint(rich ? "✗ " : "NO", "1;31"), promise, kept ? "" : "31");

    /// <summary>A line that is pasted elsewhere: never broken, never indented.</summary>
    public void Verbatim(string line) => output.WriteLine(line);

    /// <summary>Columns of these widths; a cell that is too wide goes on below.</summary>
    public void Table(IReadOnlyList<int> widths, IEnumerable<IReadOnlyList<string>> rows)
    {
        var style = "1";
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => Wrap(cell, widths[column]).ToArray()).ToArray();
            for (var line = 0; line < cells.Max(cell => cell.Length); line++)
            {
                var text = string.Join("  ", cells.Select((cell, column) => (line < cell.Length ? cell[line] : "").PadRight(widths[column])));
                output.WriteLine(Indent + Paint(text.TrimEnd(), style));
            }

            style = "";
        }

        Blank();
    }

    private void Lines(string mark, string text, string style)
    {
        foreach (var line in Wrap(text, Width - Indent.Length - 3))
        {
            output.WriteLine($"{Indent}{mark} {Paint(line, style)}".TrimEnd());
            mark = "  ";
        }
    }

    private string Paint(string text, string style) => rich && style.Length > 0 ? $"\e[{style}m{text}\e[0m" : text;

    /// <summary>Breaks text into lines of at most this width.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width)
        {
            // After a space, else after a comma (JSON has no spaces) or a slash (nor has a URL), else wherever the line ends.
            var after = text.LastIndexOf(' ', width) is var space && space > width / 4 ? space
                : text.LastIndexOf(',', width - 1) is var comma && comma > width / 4 ? comma + 1
                : text.LastIndexOf('/', width - 1) is var slash && slash > width / 4 ? slash + 1
                : width;
            yield return text[..after].TrimEnd();
            text = text[after..].TrimStart();
        }

        yield return text;
    }
}
