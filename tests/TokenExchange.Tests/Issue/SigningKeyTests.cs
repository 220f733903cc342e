using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Harness;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Local;
using Xunit;

namespace TokenExchange.Tests.Issue;

public sealed class SigningKeyTests : IDisposable
{
    private static readonly LocalTokenSettings Minting = new(TimeSpan.FromMinutes(5), [], QualifySubject: false);
    private readonly KeyDirectory keys = new();

    public void Dispose() => keys.Dispose();

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("PS256")]
    [InlineData("RS256")]
    public async Task A_new_key_signs_and_is_published_without_private_members(string algorithm)
    {
        keys.New(algorithm);
        using var issuer = keys.Issuer(algorithm);
        var token = await Mint(issuer);
        Assert.True(token.Verifies(issuer.Jwks));

        var jwk = Assert.Single(Jwks(issuer));
        var names = jwk.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal);
        Assert.Equal(algorithm[0] == 'E' ? ["alg", "crv", "kid", "kty", "use", "x", "y"] : ["alg", "e", "kid", "kty", "n", "use"], names);
        var required = algorithm[0] == 'E' ? new[] { "crv", "kty", "x", "y" } : ["e", "kty", "n"];
        var canonical = "{" + string.Join(',', required.Select(name => $"\"{name}\":{jwk.GetProperty(name).GetRawText()}")) + "}";
        Assert.Equal(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), jwk.GetProperty("kid").GetString());
    }

    [Fact]
    public void Metadata_leads_to_the_keys_and_to_nothing_that_grants()
    {
        keys.New();
        using var issuer = keys.Issuer();
        using var metadata = JsonDocument.Parse(issuer.Metadata);
        Assert.Equal("https://mcp.example/hop", metadata.RootElement.GetProperty("issuer").GetString());
        Assert.Equal("https://mcp.example/hop/jwks", metadata.RootElement.GetProperty("jwks_uri").GetString());
        Assert.DoesNotContain(metadata.RootElement.EnumerateObject(), member => member.Name.EndsWith("_endpoint", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_file_is_its_owners_alone_and_never_overwritten()
    {
        var one = keys.New();
        var other = keys.New();
        Assert.NotEqual(one, other);
        Assert.Equal(KeyDirectory.Owner, OperatingSystem.IsWindows() ? KeyDirectory.Owner : File.GetUnixFileMode(one));
        Assert.StartsWith("20260101T120000Z-", Path.GetFileName(one), StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFileSystemEntries(keys.Path).Length);
    }

    [Fact]
    public void An_unknown_algorithm_makes_no_key()
    {
        Assert.Throws<ArgumentException>(() => keys.New("HS256"));
        Assert.Empty(Directory.GetFileSystemEntries(keys.Path));
    }

    [Fact]
    public void Without_a_key_or_a_directory_there_is_no_issuer()
    {
        Assert.Contains("no signing key", Assert.Throws<LocalIssuerException>(() => keys.Issuer()).Message, StringComparison.Ordinal);
        Assert.Throws<LocalIssuerException>(() => new LocalIssuer(new("https://mcp.example/hop", keys.Path + "/none", "ES256"), keys.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<LocalIssuer>.Instance));
        keys.New();
        Assert.Throws<LocalIssuerException>(() => keys.Issuer("HS256"));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_key_open_to_others_is_refused_also_beside_a_good_one(UnixFileMode open)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        keys.New();
        var path = keys.Write("20260101T110000Z-open.pem", TestKeys.Es256.PrivatePem(), KeyDirectory.Owner | open);
        Assert.Contains(path, Assert.Throws<LocalIssuerException>(() => keys.Issuer()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_is_named_at_once_and_no_key_is_printed()
    {
        var names = new[]
        {
            keys.Write("20260101T110000Z-rsa.pem", TestKeys.Rs256.PrivatePem()),
            keys.Write("20260101T110001Z-curve.pem", TestKeys.Es384.PrivatePem()),
            keys.Write("20260101T110002Z-text.pem", "no key"),
            keys.Write("20260101T110003Z-empty.pem", ""),
            keys.Write("20260101T110004Z-public.pem", TestKeys.Es256.Ec!.ExportSubjectPublicKeyInfoPem()),
            keys.Write("20260101T110005Z-sec1.pem", TestKeys.Es256.Ec!.ExportECPrivateKeyPem()),
            keys.Write("20260101T110006Z-two.pem", TestKeys.Es256.PrivatePem() + "\n" + TestKeys.Stranger.PrivatePem()),
            keys.Write("20260101T110007Z-cut.pem", TestKeys.Es256.PrivatePem().Replace("MIG", "MIA", StringComparison.Ordinal)),
        };
        var message = Assert.Throws<LocalIssuerException>(() => keys.Issuer()).Message;
        Assert.All(names, name => Assert.Contains(name, message, StringComparison.Ordinal));
        Assert.DoesNotContain(TestKeys.Es256.PrivatePem()[40..80], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Curves_of_the_same_size_and_short_rsa_keys_are_refused()
    {
        using var other = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp256k1"));
        keys.Write("20260101T110000Z-k1.pem", other.ExportPkcs8PrivateKeyPem());
        Assert.Throws<LocalIssuerException>(() => keys.Issuer());
        File.Delete(Path.Combine(keys.Path, "20260101T110000Z-k1.pem"));
        keys.Write("20260101T110000Z-weak.pem", TestKeys.Rs256Of1024Bits.PrivatePem());
        Assert.Throws<LocalIssuerException>(() => keys.Issuer("RS256"));
    }

    [Fact]
    public async Task The_newest_key_that_was_published_for_five_minutes_signs_else_the_oldest()
    {
        keys.New();
        using var issuer = keys.Issuer();
        var first = (await Mint(issuer)).Header.GetProperty("kid").GetString();
        keys.Clock.Advance(TimeSpan.FromMinutes(1));
        keys.New();
        keys.Look();
        Assert.Equal(2, Jwks(issuer).Count);
        keys.Clock.Advance(TimeSpan.FromMinutes(4.9));
        Assert.Equal(first, (await Mint(issuer)).Header.GetProperty("kid").GetString());
        keys.Clock.Advance(TimeSpan.FromMinutes(0.1));
        Assert.NotEqual(first, (await Mint(issuer)).Header.GetProperty("kid").GetString());
    }

    [Fact]
    public async Task Other_files_are_ignored()
    {
        keys.New();
        keys.Write("README.md", "hello");
        keys.Write("20261399T000000Z-month13.pem", "no date");
        keys.Write("key.pem", TestKeys.Es256.PrivatePem());
        Directory.CreateDirectory(Path.Combine(keys.Path, "..data"));
        using var issuer = keys.Issuer();
        Assert.Single(Jwks(issuer));
        Assert.True((await Mint(issuer)).Verifies(issuer.Jwks));
    }

    [Fact]
    public void A_bad_file_changes_nothing_while_watching_and_its_repair_is_seen()
    {
        keys.New();
        using var issuer = keys.Issuer();
        var bad = keys.Write("20260101T120001Z-bad.pem", "half a k");
        keys.Look();
        Assert.Single(Jwks(issuer));
        File.WriteAllText(bad, TestKeys.Es256.PrivatePem());
        keys.Look();
        Assert.Equal(2, Jwks(issuer).Count);
    }

    [Fact]
    public void A_key_that_is_closed_to_others_afterwards_is_taken_in()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        keys.New();
        using var issuer = keys.Issuer();
        var open = keys.Write("20260101T120001Z-open.pem", TestKeys.Es256.PrivatePem(), KeyDirectory.Owner | UnixFileMode.OtherRead);
        keys.Look();
        Assert.Single(Jwks(issuer));
        KeyDirectory.SetMode(open, KeyDirectory.Owner);
        keys.Look();
        Assert.Equal(2, Jwks(issuer).Count);
    }

    [Fact]
    public void A_kubernetes_volume_swap_is_seen()
    {
        string Version(string name, TestKey key)
        {
            var directory = Directory.CreateDirectory(Path.Combine(keys.Path, name)).FullName;
            var file = Path.Combine(directory, "20260101T110000Z-a.pem");
            File.WriteAllText(file, key.PrivatePem());
            if (!OperatingSystem.IsWindows())
            {
                // A group may read what root owns, and only that.
                File.SetUnixFileMode(file, KeyDirectory.Owner | (Environment.IsPrivilegedProcess ? UnixFileMode.GroupRead : UnixFileMode.None));
            }

            return name;
        }

        var data = Path.Combine(keys.Path, "..data");
        Directory.CreateSymbolicLink(data, Version("..1", TestKeys.Es256));
        File.CreateSymbolicLink(Path.Combine(keys.Path, "20260101T110000Z-a.pem"), "..data/20260101T110000Z-a.pem");
        using var issuer = keys.Issuer();
        var before = Assert.Single(Jwks(issuer)).GetProperty("kid").GetString();
        var next = Version("..2", TestKeys.Stranger);
        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, next);
        keys.Look();
        Assert.NotEqual(before, Assert.Single(Jwks(issuer)).GetProperty("kid").GetString());
    }

    [Fact]
    public async Task Through_a_rotation_every_token_sent_verifies_at_both_replicas()
    {
        var old = keys.New();
        using var one = keys.Issuer();
        using var other = keys.Issuer();
        using var cache = new ExchangeCache(new(1000, TimeSpan.FromMinutes(5)), keys.Clock);
        ITokenExchanger[] exchangers =
        [
            cache.Wrap(one.For(Minting), new("one", "", "", "")),
            cache.Wrap(other.For(Minting), new("other", "", "", "")),
        ];
        var kids = new HashSet<string?>();
        for (var second = 0; second < 1200; second += 5)
        {
            if (second == 60)
            {
                keys.New();
            }
            else if (second == 720)
            {
                File.Delete(old);
            }

            keys.Clock.Advance(TimeSpan.FromSeconds(5));
            foreach (var exchanger in exchangers)
            {
                var token = HopToken.Of(await exchanger.ExchangeAsync(Request(), CancellationToken.None));
                Assert.True(token.Verifies(one.Jwks) && token.Verifies(other.Jwks), $"at {second} s");
                kids.Add(token.Header.GetProperty("kid").GetString());
            }
        }

        Assert.Equal(2, kids.Count);
    }

    [Fact]
    public async Task A_token_whose_key_was_removed_too_early_is_not_served_from_the_cache()
    {
        var old = keys.New();
        using var issuer = keys.Issuer();
        using var cache = new ExchangeCache(new(1000, TimeSpan.FromMinutes(5)), keys.Clock);
        var exchanger = cache.Wrap(issuer.For(Minting), new("local", "", "", ""));
        await exchanger.ExchangeAsync(Request(), CancellationToken.None);
        keys.New();
        File.Delete(old);
        keys.Look();
        Assert.True(HopToken.Of(await exchanger.ExchangeAsync(Request(), CancellationToken.None)).Verifies(issuer.Jwks));
    }

    private static TokenExchangeRequest Request() => Cache.CacheFixture.Request(expiresAt: new ManualClock().GetUtcNow() + TimeSpan.FromHours(2));

    private static async Task<HopToken> Mint(LocalIssuer issuer) => HopToken.Of(await issuer.For(Minting).ExchangeAsync(Request(), CancellationToken.None));

    private static List<JsonElement> Jwks(LocalIssuer issuer) => [.. JsonDocument.Parse(issuer.Jwks).RootElement.GetProperty("keys").EnumerateArray()];
}
