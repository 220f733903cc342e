using System.IO.Pipes;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Certificates of <c>Kestrel</c>: what keeps the gateway from serving TLS is said before it starts.</summary>
public sealed class CertificateTests : IDisposable
{
    private const string Default = "Kestrel:Certificates:Default";
    private const string Password = "4711-correct";
    private readonly string directory = Directory.CreateTempSubdirectory("certificates-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void Files_that_are_not_there_are_named_by_their_keys()
    {
        var missing = new JsonObject { ["Path"] = "/nowhere/tls.crt", ["KeyPath"] = "/nowhere/tls.key" };
        var kestrel = new JsonObject
        {
            ["Certificates"] = new JsonObject { ["Default"] = missing.DeepClone() },
            ["Endpoints"] = new JsonObject
            {
                ["public"] = new JsonObject
                {
                    ["Url"] = "https://*:8443",
                    ["Certificate"] = missing.DeepClone(),
                    ["Sni"] = new JsonObject { ["a.example.com"] = new JsonObject { ["Certificate"] = missing.DeepClone() } },
                },
                ["plain"] = new JsonObject { ["Url"] = "http://*:8080", ["Certificate"] = missing.DeepClone() },
            },
        };

        var problems = Problems(kestrel);

        Assert.All(problems, problem => Assert.Equal(("file-missing", false), (problem.Rule, problem.IsWarning)));
        string[] holders = [Default, "Kestrel:Endpoints:public:Certificate", "Kestrel:Endpoints:public:Sni:a.example.com:Certificate"];
        Assert.Equal(holders.SelectMany(key => new[] { key + ":Path", key + ":KeyPath" }).Order(), problems.Select(problem => problem.Key).Order());
    }

    [Fact]
    public void A_certificate_with_its_key_is_nothing_to_speak_of()
    {
        var (certificate, key, encrypted, pkcs12) = Files();

        Assert.Empty(OfDefault(certificate, key));
        Assert.Empty(OfDefault(certificate, encrypted, Password));
        Assert.Empty(OfDefault(pkcs12, null, Password));
    }

    [Fact]
    public void What_cannot_be_served_is_an_error_and_no_password_is_repeated()
    {
        var (certificate, key, encrypted, pkcs12) = Files();
        var (_, other, _, _) = Files("other");
        (string Path, string? KeyPath, string? Password, string Member)[] cases =
        [
            (certificate, null, null, "KeyPath"),
            (certificate, other, null, "KeyPath"),
            (certificate, certificate, null, "KeyPath"),
            (certificate, encrypted, null, "KeyPath"),
            (certificate, encrypted, "4711-wrong", "KeyPath"),
            (certificate, key, Password, "KeyPath"),
            (pkcs12, null, "4711-wrong", "Password"),
            (pkcs12, null, null, "Password"),
            (Written("der.crt", "nonsense"u8.ToArray()), null, null, "Password"),
        ];

        Assert.All(cases, each =>
        {
            var problem = Assert.Single(OfDefault(each.Path, each.KeyPath, each.Password));
            Assert.Equal(("certificate", $"{Default}:{each.Member}", false), (problem.Rule, problem.Key, problem.IsWarning));
            Assert.DoesNotContain("4711", problem.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_PKCS12_file_without_a_key_is_an_error()
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(Files().Certificate));

        var problem = Assert.Single(OfDefault(Written("nokey.p12", certificate.Export(X509ContentType.Pkcs12, Password)), null, Password));

        Assert.Contains("holds no private key", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_certificate_is_a_warning()
    {
        var (certificate, key, _, _) = Files("old", expired: true);

        var problem = Assert.Single(OfDefault(certificate, key));

        Assert.Equal(("certificate", Default + ":Path", true), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.Contains("has expired", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whether_one_has_expired_is_told_by_the_clock_of_the_gateway()
    {
        var (certificate, key, _, _) = Files();
        var text = Given.Changed("$:Kestrel=" + new JsonObject { ["Certificates"] = new JsonObject { ["Default"] = new JsonObject { ["Path"] = certificate, ["KeyPath"] = key } } }.ToJsonString());
        ConfigurationProblem[] In(int days) =>
            [.. ConfigurationLoader.Load(System.Text.Encoding.UTF8.GetBytes(text), new ConfigurationInput { Path = "gateway.json", Clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(days)) }).Problems];

        Assert.Empty(In(days: 1));
        Assert.Contains("has expired", Assert.Single(In(days: 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_no_certificate_and_is_not_waited_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Open files have these names on Linux");
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);

        var problem = Assert.Single(OfDefault($"/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}", null));

        Assert.Equal(("certificate", Default + ":Path"), (problem.Rule, problem.Key));
        Assert.Contains("is empty, or a pipe", problem.Message, StringComparison.Ordinal);
    }

    private static ConfigurationProblem[] Problems(JsonObject kestrel) => [.. Given.Loaded(Given.Changed("$:Kestrel=" + kestrel.ToJsonString())).Problems];

    private static ConfigurationProblem[] OfDefault(string path, string? keyPath, string? password = null) =>
        Problems(new JsonObject { ["Certificates"] = new JsonObject { ["Default"] = new JsonObject { ["Path"] = path, ["KeyPath"] = keyPath, ["Password"] = password } } });

    private (string Certificate, string Key, string Encrypted, string Pkcs12) Files(string name = "gateway", bool expired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var from = TimeProvider.System.GetUtcNow().AddDays(-3);
        using var certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(from, from.AddDays(expired ? 1 : 9));
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        return (
            Written(name + ".crt", System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem())),
            Written(name + ".key", System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem())),
            Written(name + ".enc", System.Text.Encoding.ASCII.GetBytes(key.ExportEncryptedPkcs8PrivateKeyPem(Password, encryption))),
            Written(name + ".p12", certificate.Export(X509ContentType.Pkcs12, Password)));
    }

    private string Written(string name, byte[] content)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
