using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>Signatures that some library somewhere took for good: those of the collections that go round (Wycheproof), by their kinds.</summary>
public sealed class OddSignatureTests
{
    private static readonly BigInteger Order = BigInteger.Parse("00FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("r and s of 0")]
    [InlineData("r of 0")]
    [InlineData("s of 0")]
    [InlineData("r and s of 1")]
    [InlineData("r and s of the order")]
    [InlineData("s of the order")]
    [InlineData("r and s of the order less 1")]
    [InlineData("r raised by the order")]
    [InlineData("s raised by the order")]
    [InlineData("all ones")]
    [InlineData("r and s swapped")]
    [InlineData("one byte less")]
    [InlineData("one byte more")]
    [InlineData("a zero before")]
    [InlineData("zeros before r and s")]
    [InlineData("r alone")]
    [InlineData("no bytes")]
    [InlineData("one bit turned")]
    [InlineData("an RSA signature's length")]
    public async Task An_elliptic_signature_that_is_not_the_keys_is_refused(string kind)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        var sound = fixture.Proof(token);
        var parts = sound.Split('.');
        var signature = Base64Url.DecodeFromChars(parts[2]);
        byte[] r = signature[..32], s = signature[32..];
        byte[] odd = kind switch
        {
            "r and s of 0" => new byte[64],
            "r of 0" => [.. new byte[32], .. s],
            "s of 0" => [.. r, .. new byte[32]],
            "r and s of 1" => [.. Bytes(BigInteger.One), .. Bytes(BigInteger.One)],
            "r and s of the order" => [.. Bytes(Order), .. Bytes(Order)],
            "s of the order" => [.. r, .. Bytes(Order)],
            "r and s of the order less 1" => [.. Bytes(Order - 1), .. Bytes(Order - 1)],
            "r raised by the order" => [.. Wide(Number(r) + Order), .. Wide(Number(s))],
            "s raised by the order" => [.. Wide(Number(r)), .. Wide(Number(s) + Order)],
            "all ones" => [.. Enumerable.Repeat((byte)0xff, 64)],
            "r and s swapped" => [.. s, .. r],
            "one byte less" => signature[..63],
            "one byte more" => [.. signature, 0],
            "a zero before" => [0, .. signature],
            "zeros before r and s" => [0, .. r, 0, .. s],
            "r alone" => r,
            "no bytes" => [],
            "one bit turned" => [.. signature[..40], (byte)(signature[40] ^ 1), .. signature[41..]],
            _ => new byte[256],
        };

        Assert.Equal("invalid_dpop_proof signature", await fixture.OutcomeAsync(token, $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(odd)}"));
    }

    [Theory]
    [InlineData("no bytes")]
    [InlineData("zeros")]
    [InlineData("one")]
    [InlineData("the modulus")]
    [InlineData("raised by the modulus")]
    [InlineData("one byte more")]
    [InlineData("one byte less")]
    [InlineData("a zero before")]
    [InlineData("of the other padding")]
    public async Task An_RSA_signature_that_is_not_the_keys_is_refused(string kind)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var key = ProofFixture.RsaClient;
        var token = fixture.Token(key);
        var sound = fixture.Proof(token, key: key);
        var parts = sound.Split('.');
        var signature = Base64Url.DecodeFromChars(parts[2]);
        var modulus = key.Rsa!.ExportParameters(false).Modulus!;
        byte[] odd = kind switch
        {
            "no bytes" => [],
            "zeros" => new byte[256],
            "one" => [.. new byte[255], 1],
            "the modulus" => modulus,
            "raised by the modulus" => (Number(signature) + Number(modulus)).ToByteArray(isUnsigned: true, isBigEndian: true),
            "one byte more" => [.. signature, 0],
            "one byte less" => signature[..255],
            "a zero before" => [0, .. signature],
            _ => key.As(algorithm: "RS256").Sign(System.Text.Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}")),
        };

        Assert.Equal("invalid_dpop_proof signature", await fixture.OutcomeAsync(token, $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(odd)}"));
    }

    [Fact]
    public async Task A_key_at_infinity_or_without_a_value_is_no_key()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        foreach (var (x, y) in ((string, string)[])[(Zeros, Zeros), (Zeros, Ones), (Ones, Ones), ("", "")])
        {
            Assert.Equal("invalid_dpop_proof jwk", await fixture.OutcomeAsync(token, fixture.Proof(token, (header, _) => (header["jwk"]!["x"], header["jwk"]!["y"]) = (x, y))));
        }
    }

    private static string Zeros => Base64Url.EncodeToString(new byte[32]);

    private static string Ones => Base64Url.EncodeToString([.. Enumerable.Repeat((byte)0xff, 32)]);

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number) => Padded(number, 32);

    private static byte[] Wide(BigInteger number) => Padded(number, 33);

    private static byte[] Padded(BigInteger number, int length)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[length - bytes.Length], .. bytes];
    }
}
