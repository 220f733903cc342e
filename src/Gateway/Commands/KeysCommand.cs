using System.CommandLine;
using TokenExchange.Outbound.Local;

namespace Gateway.Commands;

/// <summary><c>keys new</c>: makes a signing key for the local issuer.</summary>
internal static class KeysCommand
{
    private static readonly string[] Algorithms = ["ES256", "ES384", "PS256", "RS256"];

    public static Command Create(TextWriter output, TextWriter errors)
    {
        var directory = new Option<string>("--directory") { Description = "The local issuer's KeyDirectory; made when it is not there.", HelpName = "directory", Required = true };
        directory.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError("--directory is empty; write the local issuer's KeyDirectory.");
            }
        });
        var algorithm = CommandLine.OneOf("--algorithm", "The local issuer's Algorithm.", Algorithms);
        var create = new Command("new", "Writes a new private key that its owner alone may read. It signs once it is five minutes old; all keys are published.");
        create.Options.Add(directory);
        create.Options.Add(algorithm);
        create.SetAction(parsed => Write(parsed.GetValue(directory)!, parsed.GetValue(algorithm)!, output, errors));
        return new Command("keys", "Keys of the local issuer.") { create };
    }

    private static int Write(string directory, string algorithm, TextWriter output, TextWriter errors)
    {
        try
        {
            output.WriteLine(SigningKeyFile.Create(directory, algorithm, TimeProvider.System));
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine($"No key was written: {error.Message}");
            return 1;
        }
    }
}
