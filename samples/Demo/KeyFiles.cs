using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Demo;

/// <summary>The keys of the gateway, in files that only this user reads.</summary>
internal static class KeyFiles
{
    /// <summary>Makes the key that the gateway authenticates with at the authorization server, as PEM; returns the public half, which is registered there.</summary>
    public static async Task<JsonWebKey> CreateClientKeyAsync(string path, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await WriteAsync(path, key.ExportPkcs8PrivateKeyPem(), cancellationToken);
        return JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(key.ExportParameters(includePrivateParameters: false))));
    }

    /// <summary>Makes the key that all replicas have, and that nobody else can write to their shared state without.</summary>
    public static Task CreateSessionKeyAsync(string path, CancellationToken cancellationToken) =>
        WriteAsync(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), cancellationToken);

    private static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var writer = new StreamWriter(path, file);
        await writer.WriteLineAsync(text.AsMemory(), cancellationToken);
    }
}
