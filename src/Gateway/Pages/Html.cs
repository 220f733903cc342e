using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace Gateway.Pages;

/// <summary>
/// Markup. The only way to make some is an interpolated string, whose literal parts are markup and whose values are
/// encoded: what a caller of the gateway once sent cannot become part of the page's structure.
/// </summary>
internal readonly struct Html
{
    /// <summary>After these a long name may go on in the next line; nowhere else.</summary>
    private static readonly SearchValues<char> Joints = SearchValues.Create("/._-:?&=,@|");

    private readonly string? text;

    private Html(string text) => this.text = text;

    public static Html Empty => default;

    public static Html Of(Encoder text) => new(text.Build());

    /// <summary>A name, identifier or address, which is broken between its parts and never within a word.</summary>
    public static Html Name(string? value)
    {
        var text = new StringBuilder();
        var rest = (value ?? "").AsSpan();
        while (rest.IndexOfAny(Joints) is var joint and >= 0)
        {
            var next = rest[joint..].IndexOfAnyExcept(Joints);
            var end = next < 0 ? rest.Length : joint + next;
            text.Append(HtmlEncoder.Default.Encode(rest[..end].ToString()));
            rest = rest[end..];
            if (rest.Length > 0)
            {
                text.Append("<wbr>");
            }
        }

        return new(text.Append(HtmlEncoder.Default.Encode(rest.ToString())).ToString());
    }

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part.text)));

    public override string ToString() => text ?? "";

    /// <summary>Receives the parts of an interpolated string.</summary>
    [InterpolatedStringHandler]
    internal readonly struct Encoder(int literalLength, int formattedCount)
    {
        private readonly StringBuilder builder = new(literalLength + (formattedCount * 16));

        public void AppendLiteral(string markup) => builder.Append(markup);

        public void AppendFormatted(Html markup) => builder.Append(markup.text);

        public void AppendFormatted(IEnumerable<Html> markup) => builder.Append(Join(markup).text);

        public void AppendFormatted(string? value) => builder.Append(HtmlEncoder.Default.Encode(value ?? ""));

        public void AppendFormatted(long value) => builder.Append(value);

        internal string Build() => builder.ToString();
    }
}
