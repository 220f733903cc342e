using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gateway.Configuration.Options;
using Gateway.Sessions;
using TokenExchange.Issuers.Files;

namespace Gateway.Configuration.Rules;

/// <summary><c>file-missing</c>, <c>session-key</c>, <c>audit-file</c>: what the configuration names is there. In <c>check</c>, on another machine, a warning.</summary>
internal static partial class FileRules
{
    private const string NewKey = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";

    public static void FilesAreThere(RuleContext context)
    {
        foreach (var (key, client) in context.Clients)
        {
            CheckFile($"{key}:SecretFile", client.SecretFile);
            CheckFile($"{key}:KeyFile", client.KeyFile, $"make one with '{NewKey}', and register its public key for this client");
            CheckFile($"{key}:CertificateFile", client.CertificateFile);
            CheckFile($"{key}:AssertionFile", client.AssertionFile);
        }

        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            CheckFile(RuleContext.KeyOf(name, "SecurityEvents:TokenFile"), server.SecurityEvents?.TokenFile);
        }

        foreach (var server in context.Servers.Where(server => server.Outbound.Mode == OutboundMode.Credential))
        {
            CheckFile(RuleContext.KeyOf(server, "Outbound:File"), server.Outbound.File);
        }

        foreach (var server in context.Servers)
        {
            CheckFile(RuleContext.KeyOf(server, "Policy:TokenFile"), server.Options.Policy?.TokenFile);
            CheckFile(RuleContext.KeyOf(server, "Tls:CaFile"), server.Options.Tls?.CaFile);
            CheckFile(RuleContext.KeyOf(server, "Tls:CertificateFile"), server.Options.Tls?.CertificateFile);
            CheckFile(RuleContext.KeyOf(server, "Tls:KeyFile"), server.Options.Tls?.KeyFile);
        }

        foreach (var server in context.Servers.Where(server => server.Outbound.Mode == OutboundMode.Exchange))
        {
            CheckFile(RuleContext.KeyOf(server, "Outbound:ActorToken:File"), server.Outbound.ActorToken?.File);
        }

        foreach (var (key, certificate) in CertificateRules.Served(context.Kestrel))
        {
            CheckFile($"{key}:Path", certificate.Path);
            CheckFile($"{key}:KeyPath", certificate.KeyPath);
        }

        CheckFile("Gateway:SessionKeyFile", context.Options.SessionKeyFile, "make one with 'openssl rand -base64 32', for all replicas");
        CheckFile("Gateway:SenderKeyFile", context.Options.SenderKeyFile, $"make one with '{NewKey}', for all replicas");
        CheckFile("Gateway:SharedState:Redis:PasswordFile", context.Options.SharedState?.Redis?.PasswordFile);
        CheckFile("Gateway:SharedState:Redis:CaFile", context.Options.SharedState?.Redis?.CaFile);
        Check("Gateway:LocalIssuer:KeyDirectory", context.Options.LocalIssuer?.KeyDirectory, Directory.Exists, "The directory", "make it with 'gateway keys new --directory …'");
        if (context.Options.Audit.File is { } audit)
        {
            // A URL by mistake is shown whole or not at all: cut at a slash, what is left of its password looks like a name.
            var directory = IsPath(audit) ? Path.GetDirectoryName(Path.GetFullPath(audit)) : audit;
            var isUrl = ConfiguredUrl.WithoutUser(audit) != audit;
            Check("Gateway:Audit:File", isUrl ? audit : directory, _ => Directory.Exists(directory), "The directory", null);
            if (Directory.Exists(audit))
            {
                context.Error("audit-file", "Gateway:Audit:File", $"{ConfiguredUrl.Show(Absolute(audit))} is a directory; write the path of a file in it.");
            }
            else if (!isUrl && Directory.Exists(directory) && !MayBeWritten(audit, directory))
            {
                Report(context, "audit-file", "Gateway:Audit:File", $"{ConfiguredUrl.Show(Absolute(audit))} may not be written; let the gateway's user write {(File.Exists(audit) ? "it" : "its directory")}, or write another path.", "'run' does not start where it may not be written.");
            }
        }

        void CheckFile(string key, string? path, string? make = null) => Check(key, path, File.Exists, "The file", make);

        void Check(string key, string? path, Func<string, bool> exists, string what, string? make)
        {
            if (path is null || exists(path))
            {
                return;
            }

            var message = $"{what} {ConfiguredUrl.Show(Absolute(path))} {(Directory.Exists(path) ? "is a directory" : File.Exists(path) ? "is a file" : $"is not there, or may not be read{(make is null ? "" : $"; {make}")}")}.";
            Missing(context, key, message);
        }
    }

    /// <summary>Whether it is a file with something in it. A pipe has no length, and to open one is to wait for whoever writes.</summary>
    internal static bool HoldsSomething(string path) => (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)) is FileInfo { Exists: true, Length: > 0 };

    /// <summary>Where a path leads from here: whoever reads the message need not guess from where it was looked up.</summary>
    private static string Absolute(string path) => ConfiguredUrl.WithoutUser(path) != path || path.Contains("://", StringComparison.Ordinal) || !IsPath(path) ? path : Path.GetFullPath(path);

    /// <summary>Whether a text can be a path at all; for others the framework throws.</summary>
    private static bool IsPath(string text) => text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);

    /// <summary>An error where the gateway is to run; a warning on another machine.</summary>
    internal static void Missing(RuleContext context, string key, string message) => Report(context, "file-missing", key, message, "Where it is missing, 'run' does not start.");

    private static void Report(RuleContext context, string rule, string key, string message, string elsewhere)
    {
        if (context.FilesMustExist)
        {
            context.Error(rule, key, message);
        }
        else
        {
            context.Warn(rule, key, $"{message} {elsewhere}");
        }
    }

    /// <summary>Whether this user may append to the file, or make it: asked of the system, and nothing is made.</summary>
    private static bool MayBeWritten(string file, string directory)
    {
        const int Write = 2, Search = 1;
        try
        {
            return OperatingSystem.IsWindows() || (File.Exists(file) ? Access(file, Write) : Access(directory, Write | Search)) == 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return true;
        }
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Access(string path, int mode);

    /// <summary>A short or misread key would let anybody make session ids.</summary>
    public static void SessionKeysAreKeys(RuleContext context)
    {
        const string key = "Gateway:SessionKeyFile";
        if (context.Options.SessionKeyFile is not { } path || !File.Exists(path))
        {
            return;
        }

        byte[] content;
        try
        {
            // As it is read to be used.
            content = PrivateFile.Read(path, FileContent.Secret);
        }
        catch (PrivateFileException refused)
        {
            context.Error("session-key", key, $"The file {ConfiguredUrl.Show(Absolute(path))} {refused.Message}; write one base64 key of 32 or more bytes per line.");
            return;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            context.Error("session-key", key, $"The file {ConfiguredUrl.Show(Absolute(path))} cannot be read.");
            return;
        }

        var (keys, unfit) = SessionKeySet.Parse(content);
        CryptographicOperations.ZeroMemory(content);
        if (keys.IsEmpty && unfit.IsEmpty)
        {
            context.Error("session-key", key, "The file holds no key; write one base64 key of 32 or more bytes per line.");
        }

        foreach (var bytes in keys)
        {
            CryptographicOperations.ZeroMemory(bytes);
        }

        foreach (var number in unfit)
        {
            context.Error("session-key", key, $"Line {number} of the file is not a base64 key of 32 or more bytes; make one with 'openssl rand -base64 32'.");
        }
    }
}
