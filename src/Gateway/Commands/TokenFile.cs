using System.CommandLine;

namespace Gateway.Commands;

/// <summary>A token that an operator hands over in a file or on standard input, so that it stands in no process list and no shell history.</summary>
internal static class TokenFile
{
    private const string StandardInput = "-";
    private const int MaxLength = 64 * 1024;

    public static Option<string> Option(string name, string description, bool required) =>
        new(name) { Description = description + " A hyphen reads standard input.", HelpName = "path", Required = required };

    /// <summary>The token; null when the file cannot be used, which was written to <paramref name="errors"/>.</summary>
    /// <param name="path">Where it is; <c>-</c> is <paramref name="input"/>.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="errors">Where problems go.</param>
    public static string? Read(string path, TextReader input, TextWriter errors)
    {
        var name = path == StandardInput ? "Standard input" : $"'{(path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) ? Path.GetFullPath(path) : path)}'";
        try
        {
            using var file = path == StandardInput ? null : File.OpenText(path);
            var content = new char[MaxLength + 1];
            var length = (file ?? input).ReadBlock(content);
            if (length > MaxLength)
            {
                errors.WriteLine($"{name} is larger than a token can be.");
                return null;
            }

            var token = new string(content, 0, length).Trim();
            if (token.Length > 0)
            {
                return token;
            }

            errors.WriteLine($"{name} is empty; write the token alone into it.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine($"{name} cannot be read; name a file that is there and that you may read.");
        }

        return null;
    }
}
