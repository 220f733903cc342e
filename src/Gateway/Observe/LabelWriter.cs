using System.Globalization;

namespace Gateway.Observe;

/// <summary>Writes the labels of a sample (<c>a="b",c="d"</c>), escaped; without allocating as long as the buffer is enough.</summary>
internal ref struct LabelWriter(Span<char> buffer)
{
    private Span<char> _buffer = buffer;
    private int _length;

    public readonly ReadOnlySpan<char> Written => _buffer[.._length];

    public void Add(string name, object? value)
    {
        if (_length > 0)
        {
            Append(',');
        }

        foreach (var character in name)
        {
            Append(char.IsAsciiLetterOrDigit(character) ? character : '_');
        }

        Append('=');
        Append('"');
        foreach (var character in value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
        {
            switch (character)
            {
                case '\\' or '"':
                    Append('\\');
                    Append(character);
                    break;
                case '\n':
                    Append('\\');
                    Append('n');
                    break;
                default:
                    Append(character);
                    break;
            }
        }

        Append('"');
    }

    private void Append(char character)
    {
        if (_length == _buffer.Length)
        {
            var larger = new char[_buffer.Length * 2];
            _buffer.CopyTo(larger);
            _buffer = larger;
        }

        _buffer[_length++] = character;
    }
}
