using System.Diagnostics.CodeAnalysis;
using System.Text;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>A client secret of the configuration or of a file; a file wins, and loses one line break at its end.</summary>
internal sealed class SharedSecret
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly CredentialFile<string>? file;
    private readonly string? given;

    public SharedSecret(ClientSettings client, TimeProvider clock)
    {
        if (client.SecretFile is { } path)
        {
            file = new CredentialFile<string>(nameof(client.SecretFile), path, FileContent.Secret, WithoutLineBreak, clock);
        }
        else
        {
            given = client.Secret is { Value.Length: > 0 } secret
                ? secret.Value
                : throw new ArgumentException("The client authentication needs SecretFile or Secret.", nameof(client));
        }
    }

    /// <summary>The file's secret as it is now; null without a file.</summary>
    public string? OfFile => file?.Current;

    public bool TryRead([NotNullWhen(true)] out string? secret, [NotNullWhen(false)] out string? diagnostic)
    {
        if (file is not null)
        {
            return file.TryRead(out secret, out diagnostic);
        }

        (secret, diagnostic) = (given!, null);
        return true;
    }

    // Editors and `kubectl create secret --from-file` leave a line break behind; a secret does not end in one.
    private static string WithoutLineBreak(byte[] content)
    {
        var secret = content.AsSpan().TrimEnd("\r\n"u8);
        return secret.IsEmpty ? throw new FormatException() : Utf8.GetString(secret);
    }
}
