using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Fuzz;

/// <summary>Metadata and key sets of authorization servers: nothing is believed that a strict reading does not find there.</summary>
public sealed partial class PublishedDocumentFuzzTests
{
    private const string Issuer = "https://as.example/realm";

    private static readonly string[] Addresses =
    [
        "\"https://as.example/keys\"", "\"https://as.example/keys\"", "\"https://as.example/keys\"", "\"https://elsewhere.example/x?y\"", "\"http://as.example/keys\"", "\"http://127.0.0.1:1/keys\"", "\"https://user@as.example/\"", "\"https://as.example/#f\"",
        "\"/keys\"", "\"//as.example/keys\"", "\"file:///etc/passwd\"", "\"ftp://as.example/\"", "\"https:as.example\"", "\"HTTPS://AS.EXAMPLE/keys\"", "\" https://as.example/keys\"",
    ];

    [Theory]
    [InlineData(8414)]
    public async Task Metadata_is_believed_exactly_where_it_is_of_the_issuer_and_leads_to_https(int seed)
    {
        var random = new Random(seed);
        var json = new TwistedJson(random);
        var document = Array.Empty<byte>();
        using var http = new HttpMessageInvoker(new Documents(() => document));
        var settings = new AuthorizationServerSettings { Name = "as", Issuer = Issuer, MetadataUrl = new Uri("https://as.example/metadata") };
        var clock = new ManualClock();
        var believed = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            document = json.Document(("issuer", $"\"{Issuer}\""), ("jwks_uri", random.One(Addresses)), ("token_endpoint", random.One(Addresses)), ("introspection_endpoint", random.One(Addresses)), ("other", "1"));

            var metadata = await new IssuerMetadataSource(settings, http, clock, NullLogger.Instance).GetAsync(TestContext.Current.CancellationToken);

            var sound = TwistedJson.Strict(document) is { } read && TwistedJson.Text(read, "issuer") == Issuer && IsText(document) ? read : (JsonElement?)null;
            string[] names = ["jwks_uri", "token_endpoint", "introspection_endpoint"];
            var expected = sound is { } root && names.All(name => TwistedJson.Member(root, name) is null || IsHttps(TwistedJson.Text(root, name)));
            Assert.True((metadata is not null) == expected, Encoding.UTF8.GetString(document));
            if (metadata is not null)
            {
                believed++;
                Uri?[] told = [metadata.JwksUri, metadata.TokenEndpoint, metadata.IntrospectionEndpoint];
                Assert.Equal(names.Select(name => TwistedJson.Text(sound!.Value, name)), told.Select(address => address?.OriginalString));
            }
        }

        Assert.InRange(believed, Fuzzing.Inputs / 50, Fuzzing.Inputs / 2);
    }

    [Theory]
    [InlineData(7517)]
    public void A_key_is_found_exactly_where_it_is_published_for_signatures(int seed)
    {
        var random = new Random(seed);
        var json = new TwistedJson(random);
        var keys = new[] { TestKeys.Es256, TestKeys.Rs256, TestKeys.Rs256Of1024Bits }
            .Select(key => key.As(kid: "k").Jwk().Select(member => (member.Key, member.Value!.ToJsonString())).ToArray()).ToArray();
        string[] algorithms = ["ES256", "RS256", "PS256", "HS256", "none"];
        var found = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var members = random.One(keys);
            members = random.Once(4) ? [.. members, random.One<(string, string)>(("key_ops", "[\"verify\"]"), ("key_ops", "[\"sign\"]"), ("d", "\"AAAA\""), ("k", "\"AAAA\""))] : members;
            var document = Encoding.UTF8.GetBytes($$"""{"keys":[{{json.Object(members)}}{{random.One("", "", "", ",1", ",{}")}}]}""");
            var set = KeySet.Read(random.Once(20) ? document = Fuzzing.Mutate(document, random) : document);

            var strict = IsText(document) ? TwistedJson.Strict(document) : null;
            var entries = strict is { } root && TwistedJson.Member(root, "keys") is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray().Where(entry => entry.ValueKind == JsonValueKind.Object).ToArray() : null;
            Assert.True((set is not null) == (entries is not null), Encoding.UTF8.GetString(document));
            if (set is null || !set.Knows("k"))
            {
                continue;
            }

            foreach (var algorithm in algorithms)
            {
                var fit = entries!.Count(entry => TwistedJson.Text(entry, "kid") == "k" && IsFor(entry, algorithm));
                var key = set.Find("k", algorithm);
                found += key is null ? 0 : 1;

                // A number that was changed may be no point of the curve, or too short a modulus: that it is refused is right, too.
                Assert.True(key is null || fit == 1, $"{algorithm} {Encoding.UTF8.GetString(document)}");
                Assert.True(key is not null || fit != 1 || !entries!.Any(entry => IsOneOf(keys, entry)), $"{algorithm} {Encoding.UTF8.GetString(document)}");
            }
        }

        Assert.InRange(found, Fuzzing.Inputs / 20, Fuzzing.Inputs);
    }

    [Theory]
    [InlineData("{\"keys\":[")]
    [InlineData("{\"kid\":\"a\"},")]
    [InlineData("\"\\u0061\":0,")]
    [InlineData("\\")]
    public void Reading_costs_in_proportion_to_the_document(string piece) => Fuzzing.AssertLinear(piece, text =>
    {
        KeySet.Read(Encoding.UTF8.GetBytes(text));
        KeySet.Read(Encoding.UTF8.GetBytes("{\"keys\":[" + text + "{}]}"));
    });

    /// <summary>Whether the key's numbers are those of a sound test key, so that nothing but its other members can keep it from being found.</summary>
    private static bool IsOneOf((string Key, string Value)[][] keys, JsonElement entry) => keys.Take(2).Any(members =>
        members.Where(member => member.Key is "kid" or "kty" or "crv" or "x" or "y" or "n" or "e").All(member => TwistedJson.Member(entry, member.Key)?.GetRawText() == member.Value));

    /// <summary>RFC 7517 §4, RFC 7518 §6: meant for signatures, public, of the algorithm, and written canonically.</summary>
    private static bool IsFor(JsonElement key, string algorithm)
    {
        var use = TwistedJson.Member(key, "use");
        var operations = TwistedJson.Member(key, "key_ops");
        var alg = TwistedJson.Member(key, "alg");
        var numbers = algorithm == "ES256" ? ["x", "y"] : (string[])["n", "e"];
        return (use is null || TwistedJson.Text(key, "use") == "sig")
            && (operations is null || (operations is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.GetString() == "verify")))
            && (alg is null || TwistedJson.Text(key, "alg") == algorithm)
            && TwistedJson.Member(key, "d") is null && TwistedJson.Member(key, "k") is null
            && TwistedJson.Text(key, "kty") == algorithm switch { "ES256" => "EC", "RS256" or "PS256" => "RSA", _ => "none" }
            && (algorithm != "ES256" || TwistedJson.Text(key, "crv") == "P-256")
            && numbers.All(name => TwistedJson.Text(key, name) is { } number && Base64Url().IsMatch(number))
            && (algorithm == "ES256" || TwistedJson.Text(key, "n")!.Length >= 342);
    }

    private static bool IsHttps(string? address) =>
        address is not null && Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri is { Scheme: "https", UserInfo: "", Fragment: "" };

    /// <summary>UTF-8, and no half of a character by its number.</summary>
    private static bool IsText(byte[] document)
    {
        try
        {
            return !LoneSurrogate().IsMatch(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(document));
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\\ud[89a-f]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LoneSurrogate();

    [GeneratedRegex(@"\A[A-Za-z0-9_-]+\z")]
    private static partial Regex Base64Url();

    private sealed class Documents(Func<byte[]> document) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(document()) { Headers = { ContentType = new("application/json") } } });
    }
}
