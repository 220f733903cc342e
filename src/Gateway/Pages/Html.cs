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

    private readonly string? _text;

    private Html(string text) => _text = text;

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

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part._text)));

    public override string ToString() => _text ?? "";

    /// <summary>Receives the parts of an interpolated string.</summary>
    [InterpolatedStringHandler]
    internal readonly struct Encoder(int literalLength, int formattedCount)
    {
        private readonly StringBuilder _builder = new(literalLength + (formattedCount * 16));

        public void AppendLiteral(string markup) => _builder.Append(markup);

        public void AppendFormatted(Html markup) => _builder.Append(markup._text);

        public void AppendFormatted(IEnumerable<Html> markup) => _builder.Append(Join(markup)._text);

        public void AppendFormatted(string? value) => _builder.Append(HtmlEncoder.Default.Encode(value ?? ""));

        public void AppendFormatted(long value) => _builder.Append(value);

        internal string Build() => _builder.ToString();
    }
}
