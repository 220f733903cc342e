using System.Text;
using System.Text.Json;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>The signed examples of RFC 7515 (appendix A) and RFC 7520 (section 4), at the level of the signature: as access tokens they lack everything.</summary>
public sealed class PublishedVectorTests
{
    private const string Claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    private const string Rs256Key = """
        {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}
        """;

    private const string Rs256Token = "eyJhbGciOiJSUzI1NiJ9." + Claims + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    private const string Es256Key = """
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
        """;

    private const string Es256Token = "eyJhbGciOiJFUzI1NiJ9." + Claims + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    // RFC 7520 signs text, which is no claims set: only the signature can be tried.
    private const string Text = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

    private const string Ps384Key = """
        {"kty":"RSA","use":"sig","e":"AQAB","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"}
        """;

    private const string Ps384Token = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9." + Text + ".cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";

    private const string Es512Key = """
        {"kty":"EC","use":"sig","crv":"P-521","x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"}
        """;

    private const string Es512Token = "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9." + Text + ".AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2";

    // RFC 8037, appendix A.4: the text "Example of Ed25519 signing".
    private const string Ed25519Key = """
        {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        """;

    private const string Ed25519Token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    [Theory]
    [InlineData("EdDSA", null, Ed25519Key, Ed25519Token)]
    [InlineData("Ed25519", null, Ed25519Key, Ed25519Token)]
    [InlineData("PS384", "RS384", Ps384Key, Ps384Token)]
    [InlineData("ES512", null, Es512Key, Es512Token)]
    public void A_published_signature_over_text_verifies_at_the_signature_and_is_malformed_as_a_token(string algorithm, string? sibling, string jwk, string token)
    {
        var key = VerificationKey.Read(JsonElement.Parse(jwk));
        var end = token.LastIndexOf('.');
        var signed = Encoding.ASCII.GetBytes(token[..end]);
        Assert.True(Jws.TryDecode(token.AsSpan(end + 1), out var signature));

        Assert.True(key.IsFor(algorithm));
        Assert.True(key.Verify(algorithm, signed, signature));
        Assert.False(sibling is not null && key.Verify(sibling, signed, signature));
        signed[^1] ^= 1;
        Assert.False(key.Verify(algorithm, signed, signature));
        var jws = new Jws(token.AsMemory());
        Assert.Equal(TokenRefusal.Malformed, JwsChecks.All.RefusalOf(jws));
    }

    [Theory]
    [InlineData("RS256", Rs256Key, Rs256Token)]
    [InlineData("ES256", Es256Key, Es256Token)]
    public void A_published_signature_verifies_with_its_key_and_algorithm_alone(string algorithm, string jwk, string token)
    {
        var key = VerificationKey.Read(JsonElement.Parse(jwk));
        var jws = new Jws(token.AsMemory());
        Assert.Null(JwsChecks.All.FirstFailure(jws));

        Assert.True(key.IsFor(algorithm));
        Assert.True(key.Verify(algorithm, jws.SigningInput, jws.Signature));
        jws.SigningInput[^1] ^= 1;
        Assert.False(key.Verify(algorithm, jws.SigningInput, jws.Signature));
        Assert.False(key.IsFor(algorithm == "RS256" ? "ES256" : "RS256"));
        Assert.False(key.IsFor("HS256"));
    }

    [Theory]
    [InlineData("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + Claims + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "HS256")]
    [InlineData("eyJhbGciOiJub25lIn0." + Claims + ".", "none")]
    public void A_published_token_without_a_public_key_has_no_algorithm_here(string token, string algorithm)
    {
        var jws = new Jws(token.AsMemory());
        Assert.Null(JwsChecks.All.FirstFailure(jws));

        Assert.Equal(algorithm, jws.Algorithm);
        Assert.Null(SignatureAlgorithms.KeyOf(algorithm));
    }
}
