using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Demo;

/// <summary>The key that the gateway authenticates with at the authorization server: a PEM file that only this user reads.</summary>
internal static class ClientKeyFile
{
    /// <summary>Makes the key and writes it; returns the public half, which the authorization server registers.</summary>
    public static async Task<JsonWebKey> CreateAsync(string path, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var writer = new StreamWriter(path, file);
        await writer.WriteLineAsync(key.ExportPkcs8PrivateKeyPem().AsMemory(), cancellationToken);
        return JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(key.ExportParameters(includePrivateParameters: false))));
    }
}
