using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace Gateway.Management;

/// <summary>
/// Markup. The only way to make some is an interpolated string, whose literal parts are markup and whose values are
/// encoded: what a caller of the gateway once sent cannot become part of the page's structure.
/// </summary>
internal readonly struct Html
{
    private readonly string? _text;

    private Html(string text) => _text = text;

    public static Html Empty => default;

    public static Html Of(Encoder text) => new(text.Build());

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
