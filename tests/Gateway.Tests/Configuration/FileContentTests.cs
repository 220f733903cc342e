using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Files of credentials that are there and cannot be used are said by <c>check</c>, not by the first call that needs them; no content is shown.</summary>
public sealed class FileContentTests : IDisposable
{
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Canary = "canary-8261";
    private const string ToHttps = "; W:Destinations=['https://weather.mcp.svc/mcp']";
    private readonly string directory = Directory.CreateTempSubdirectory("file-content-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("garbage", "does not hold a private key in PEM")]
    [InlineData("rsa 1024", "does not hold a private key in PEM")]
    [InlineData("p-521", "does not hold a private key in PEM")]
    [InlineData("public key", "does not hold a private key in PEM")]
    [InlineData("empty", "is empty")]
    [InlineData("open", "is open to everybody")]
    public void A_client_key_that_cannot_sign_is_an_error(string key, string told)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && key == "open", "Windows has no modes");
        foreach (var (client, place) in new[] { ("A:Client", "Gateway:AuthorizationServers:corp:Client:KeyFile"), ("W:Outbound:Client", "Gateway:Servers:weather:Outbound:Client:KeyFile") })
        {
            var problem = Assert.Single(Problems($"{client}={{'Id':'g','Authentication':'private_key_jwt','KeyFile':'{Key(key)}'}}"));

            Assert.Equal(("file-content", place, false), (problem.Rule, problem.Key, problem.IsWarning));
            Assert.Contains(told, problem.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("p-256")]
    [InlineData("p-384")]
    [InlineData("rsa 2048")]
    public void A_client_key_that_can_is_not(string key) => Assert.Empty(Problems($"A:Client={{'Id':'g','Authentication':'private_key_jwt','KeyFile':'{Key(key)}'}}"));

    [Theory]
    [InlineData("A:Client:SecretFile='{0}'", "", "is empty")]
    [InlineData("A:Client:SecretFile='{0}'", "\n", "does not hold what it should; write the secret alone")]
    [InlineData("W:Outbound={'Mode':'credential','File':'{0}'}", "", "is empty")]
    [InlineData("W:Outbound={'Mode':'credential','File':'{0}'}", " \n", "write the credential alone")]
    [InlineData("W:Outbound={'Mode':'credential','File':'{0}'}", Canary + "\ntwo lines", "one line of printable ASCII")]
    [InlineData("A:Client={'Id':'g','Authentication':'assertion_file','AssertionFile':'{0}'}", " ", "write the assertion alone")]
    [InlineData("A:Client={'Id':'g','Authentication':'assertion_file','AssertionFile':'{0}'}", "a.b.c\nd.e.f", "write the assertion alone")]
    [InlineData("W:Outbound:ActorToken={'File':'{0}'}", "", "is empty")]
    [InlineData("W:Outbound:ActorToken={'File':'{0}'}", "\ufeff" + Canary, "write the token alone")]
    [InlineData("W:Outbound:ActorToken={'File':'{0}'}", "Bearer " + Canary, "write the token alone")]
    [InlineData("W:Policy={'Url':'https://pdp.internal/access/v1/evaluation','TokenFile':'{0}'}", "Bearer " + Canary, "write the token alone")]
    [InlineData("A:SecurityEvents={'Audience':'x','TokenFile':'{0}'}", "", "is empty")]
    [InlineData("W:Policy={'Url':'https://pdp.internal/access/v1/evaluation','TokenFile':'{0}'}", "", "is empty")]
    [InlineData("W:Tls={'CaFile':'{0}'}" + ToHttps, Canary, "does not hold what it should; write certificates in PEM")]
    [InlineData("W:Tls={'CaFile':'{0}'}" + ToHttps, "", "is empty")]
    [InlineData("W:Tls={'CertificateFile':'{0}','KeyFile':'/nowhere'}" + ToHttps, Canary, "write certificates in PEM")]
    [InlineData("A:Client={'Id':'g','Authentication':'tls_client_auth','CertificateFile':'{0}','KeyFile':'/nowhere'}", Canary, "write certificates in PEM")]
    public void What_holds_nothing_of_use_is_an_error(string change, string content, string told)
    {
        var problem = Assert.Single(Problems(change.Replace("{0}", Write(content), StringComparison.Ordinal)), problem => problem.Rule == "file-content");

        Assert.False(problem.IsWarning);
        Assert.Contains(told, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("W:Tls", ToHttps)]
    [InlineData("A:Client", "")]
    public void A_certificate_has_its_own_key(string of, string more)
    {
        var (certificate, key) = Pair();
        var (_, other) = Pair();
        var client = of == "A:Client" ? "'Id':'g','Authentication':'tls_client_auth'," : "";

        Assert.Empty(Problems($"{of}={{{client}'CertificateFile':'{certificate}','KeyFile':'{key}'}}{more}"));
        var problem = Assert.Single(Problems($"{of}={{{client}'CertificateFile':'{certificate}','KeyFile':'{other}'}}{more}"));
        Assert.Equal("file-content", problem.Rule);
        Assert.EndsWith(":KeyFile", problem.Key, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A:Client:SecretFile='{0}'", Canary + "\n")]
    [InlineData("W:Outbound={'Mode':'credential','File':'{0}'}", Canary + "\n")]
    [InlineData("W:Outbound={'Mode':'credential','File':'{0}'}", "two words")]
    [InlineData("A:Client={'Id':'g','Authentication':'assertion_file','AssertionFile':'{0}'}", "a.b.c\n")]
    [InlineData("W:Outbound:ActorToken={'File':'{0}'}", " a.b.c\r\n")]
    public void What_can_be_used_is_not(string change, string content) => Assert.Empty(Problems(change.Replace("{0}", Write(content), StringComparison.Ordinal)));

    [Theory]
    [InlineData("A:Client={'Id':'g','Authentication':'private_key_jwt','KeyFile':'/nowhere/key'}", "make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256', and register its public key for this client.")]
    [InlineData("SessionKeyFile='/nowhere/key'", "make one with 'openssl rand -base64 32', for all replicas.")]
    [InlineData("LocalIssuer={'Issuer':'https://mcp.example.com/hop','KeyDirectory':'/nowhere/keys'}", "make it with 'gateway keys new --directory …'.")]
    public void A_key_that_is_not_there_is_said_with_how_one_is_made(string change, string told) =>
        Assert.EndsWith(told, Assert.Single(Given.Loaded(Given.Changed(change)).Problems).Message, StringComparison.Ordinal);

    /// <summary>It is read again when it changes, and nobody but its own callers needs it.</summary>
    [Fact]
    public void A_gateway_starts_beside_a_file_that_cannot_be_used() => Assert.All(
        ConfigurationLoader.Load(
            System.Text.Encoding.UTF8.GetBytes(Given.Changed($"A:Client:SecretFile='{Write("")}'")), new ConfigurationInput { Path = "gateway.json", FilesMustExist = true }).Problems,
        problem => Assert.Equal(("file-content", true), (problem.Rule, problem.IsWarning)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pipe_is_not_waited_for(bool behindALink)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in directories");
        var pipe = Path.Combine(directory, "pipe");
        using (var made = System.Diagnostics.Process.Start("mkfifo", ["-m", "600", pipe]))
        {
            made.WaitForExit();
        }

        if (behindALink)
        {
            pipe = File.CreateSymbolicLink(Path.Combine(directory, "link"), pipe).FullName;
        }

        Assert.EndsWith("is empty; write the secret alone into it.", Assert.Single(Problems($"A:Client:SecretFile='{pipe}'")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_judges_what_comes_in_reads_none_of_it() => Assert.Empty(ConfigurationLoader.Load(
        System.Text.Encoding.UTF8.GetBytes(Given.Changed($"A:Client:SecretFile='{Write("")}'")), new ConfigurationInput { Path = "gateway.json", IsInboundOnly = true }).Problems);

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void An_audit_file_that_may_not_be_written_is_said(bool here, bool isWarning)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a directory that nobody may write, root neither");
        var problem = Assert.Single(ConfigurationLoader.Load(
            System.Text.Encoding.UTF8.GetBytes(Given.Changed("Audit:File='/proc/sys/audit.log'")), new ConfigurationInput { Path = "gateway.json", FilesMustExist = here }).Problems);

        Assert.Equal(("audit-file", "Gateway:Audit:File", isWarning), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.Contains("'/proc/sys/audit.log' may not be written", problem.Message, StringComparison.Ordinal);
        Assert.Empty(Problems($"Audit:File='{Path.Combine(directory, "audit.log")}'"));
        Assert.False(File.Exists(Path.Combine(directory, "audit.log")));
    }

    private static System.Collections.Immutable.ImmutableArray<ConfigurationProblem> Problems(string change) =>
        ConfigurationLoader.Load(System.Text.Encoding.UTF8.GetBytes(Given.Changed(change)), new ConfigurationInput { Path = "gateway.json", FilesMustExist = false }).Problems;

    private string Key(string kind)
    {
        using var ec = ECDsa.Create(kind switch { "p-384" => ECCurve.NamedCurves.nistP384, "p-521" => ECCurve.NamedCurves.nistP521, _ => ECCurve.NamedCurves.nistP256 });
        using var rsa = RSA.Create(kind == "rsa 1024" ? 1024 : 2048);
        return Write(
            kind switch
            {
                "garbage" => Canary,
                "empty" => "",
                "public key" => ec.ExportSubjectPublicKeyInfoPem(),
                "rsa 1024" or "rsa 2048" => rsa.ExportPkcs8PrivateKeyPem(),
                _ => ec.ExportPkcs8PrivateKeyPem(),
            },
            kind == "open" ? Ours | UnixFileMode.OtherRead : Ours);
    }

    private (string Certificate, string Key) Pair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddDays(1));
        return (Write(certificate.ExportCertificatePem()), Write(key.ExportPkcs8PrivateKeyPem()));
    }

    private string Write(string content, UnixFileMode mode = Ours)
    {
        var path = Path.Combine(directory, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }

        return path;
    }
}
