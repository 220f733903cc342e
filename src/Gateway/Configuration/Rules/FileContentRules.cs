using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;
using TokenExchange.Outbound.Sender;

namespace Gateway.Configuration.Rules;

/// <summary>
/// <c>file-content</c>: what is there to be read holds what it is for, and is open to nobody else, as the running gateway
/// demands it. That a file is not there is <see cref="FileRules"/>' to say. A gateway that runs reads such files again when they
/// change, and refuses the calls that need one until it can be used; it starts, for all others.
/// </summary>
internal static class FileContentRules
{
    private const string AKey = "write a private key in PEM, EC on P-256 or RSA of at least 2048 bits, for this user alone to read (mode 0600)";
    private const string ASecret = "write the secret alone into it";
    private const string ACertificate = "write certificates in PEM";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void FilesHoldWhatTheyAreFor(RuleContext context)
    {
        // Whoever judges what comes in needs nothing of this, and may read none of it.
        if (context.IsInboundOnly)
        {
            return;
        }

        foreach (var (key, client) in context.Clients)
        {
            CheckClient(context, key, client);
        }

        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check(context, RuleContext.KeyOf(name, "SecurityEvents:TokenFile"), server.SecurityEvents?.TokenFile, FileContent.Secret, HoldsText, ASecret);
        }

        foreach (var server in context.Servers)
        {
            Check(context, RuleContext.KeyOf(server, "Policy:TokenFile"), server.Options.Policy?.TokenFile, FileContent.Secret, content => FileToken.Read(content), "write the token alone into it");
            Check(context, RuleContext.KeyOf(server, "Outbound:ActorToken:File"), server.Outbound.ActorToken?.File, FileContent.Assertion, content => FileToken.Read(content), "let whoever keeps it fresh write the token alone, open to nobody else");
            Check(context, RuleContext.KeyOf(server, "Tls:CaFile"), server.Options.Tls?.CaFile, FileContent.Public, content => PemCertificates.Read(content), ACertificate);
            CheckPair(context, RuleContext.KeyOf(server, "Tls"), server.Options.Tls?.CertificateFile, server.Options.Tls?.KeyFile);
            if (server.Outbound.Mode == OutboundMode.Credential)
            {
                Check(context, RuleContext.KeyOf(server, "Outbound:File"), server.Outbound.File, FileContent.Secret, content => Demand(StaticCredential.TextOf(content) is not null), "write the credential alone, one line of printable ASCII");
            }
        }

        var redis = context.Options.SharedState?.Redis;
        Check(context, "Gateway:SharedState:Redis:PasswordFile", redis?.PasswordFile, FileContent.Secret, HoldsText, ASecret);
        Check(context, "Gateway:SharedState:Redis:CaFile", redis?.CaFile, FileContent.Public, content => PemCertificates.Read(content), ACertificate);
    }

    private static void CheckClient(RuleContext context, string key, ClientOptions client)
    {
        switch (client.Authentication)
        {
            case ClientAuthenticationMethod.ClientSecretBasic or ClientAuthenticationMethod.ClientSecretPost:
                Check(context, $"{key}:SecretFile", client.SecretFile, FileContent.Secret, HoldsText, ASecret);
                break;
            case ClientAuthenticationMethod.PrivateKeyJwt:
                if (IsFile(client.KeyFile) && SenderKeys.Problem(client.KeyFile!) is { } problem)
                {
                    Report(context, $"{key}:KeyFile", client.KeyFile, problem, AKey);
                }

                Check(context, $"{key}:CertificateFile", client.CertificateFile, FileContent.Public, content => X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(content)).Dispose(), ACertificate);
                break;
            case ClientAuthenticationMethod.TlsClientAuth:
                CheckPair(context, key, client.CertificateFile, client.KeyFile);
                break;
            case ClientAuthenticationMethod.AssertionFile:
                Check(context, $"{key}:AssertionFile", client.AssertionFile, FileContent.Assertion, content => FileToken.Read(content), "let whoever keeps it fresh write the assertion alone, open to nobody else");
                break;
        }
    }

    /// <summary>A certificate and its own key.</summary>
    private static void CheckPair(RuleContext context, string key, string? certificate, string? privateKey)
    {
        X509Certificate2Collection? read = null;
        Check(context, $"{key}:CertificateFile", certificate, FileContent.Public, content => read = PemCertificates.Read(content), ACertificate);
        if (read is not null)
        {
            Check(context, $"{key}:KeyFile", privateKey, FileContent.Key, content => PemCertificates.Present(read, Encoding.UTF8.GetString(content)), $"write the private key, in PEM and not encrypted, of the first certificate in {ConfiguredUrl.Show(certificate)}, for this user alone to read (mode 0600)");
        }
    }

    private static void Check(RuleContext context, string key, string? path, FileContent holds, Action<byte[]> parse, string remedy)
    {
        if (!IsFile(path))
        {
            return;
        }

        byte[]? content = null;
        try
        {
            content = PrivateFile.Read(path!, holds);
            parse(content);
        }
        catch (PrivateFileException exposed)
        {
            Report(context, key, path, exposed.Message, remedy);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            FileRules.Missing(context, key, $"The file {ConfiguredUrl.Show(path)} may not be read.");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or FormatException or NotSupportedException)
        {
            Report(context, key, path, "does not hold what it should", remedy);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static void Report(RuleContext context, string key, string? path, string problem, string remedy)
    {
        var message = $"{ConfiguredUrl.Show(path)} {problem}; {remedy}.";
        if (context.FilesMustExist)
        {
            context.Warn("file-content", key, $"{message} Until then calls that need it are refused.");
        }
        else
        {
            context.Error("file-content", key, message);
        }
    }

    // As secrets are read: a line break at the end is the editor's.
    private static void HoldsText(byte[] content) => Demand(Utf8.GetString(content).TrimEnd('\r', '\n').Length > 0);

    private static void Demand(bool holds)
    {
        if (!holds)
        {
            throw new FormatException();
        }
    }

    /// <summary>Devices and pipes say nothing about what the gateway will read there, and may be read once.</summary>
    private static bool IsFile(string? path) => File.Exists(path) && !Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal);
}
