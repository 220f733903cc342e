using System.CommandLine;

namespace Gateway.Commands;

/// <summary>A token that an operator hands over in a file, so that it stands in no process list and no shell history.</summary>
internal static class TokenFile
{
    private const int MaxBytes = 64 * 1024;

    public static Option<string> Option(string name, string description, bool required) =>
        new(name) { Description = description, HelpName = "path", Required = required };

    /// <summary>The token; null when the file cannot be used, which was written to <paramref name="errors"/>.</summary>
    public static string? Read(string path, TextWriter errors)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                errors.WriteLine($"'{Path.GetFullPath(path)}' is larger than a token can be.");
                return null;
            }

            var token = File.ReadAllText(path).Trim();
            if (token.Length > 0)
            {
                return token;
            }

            errors.WriteLine($"'{Path.GetFullPath(path)}' is empty; write the token alone into it.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine($"'{(path.Length > 0 ? Path.GetFullPath(path) : path)}' cannot be read; name a file that is there and that you may read.");
        }

        return null;
    }
}
