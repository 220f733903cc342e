using System.Security.Cryptography;
using System.Text;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests;

public sealed class FieldHashTests
{
    private static readonly string Long = new('x', 300);

    /// <summary>What others wrote down must stay what it is: sessions, consents and subjects outlive a version.</summary>
    [Fact]
    public void Each_field_stands_after_its_length_and_null_is_no_text()
    {
        byte[] expected = [0, 0, 0, 2, .. "ab"u8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0xc3, 0xbc, 0, 0, 1, 44, .. Encoding.UTF8.GetBytes(Long)];

        Assert.Equal(SHA256.HashData(expected), Of("ab", null, "", "\u00fc", Long));
    }

    [Fact]
    public void No_two_lists_hash_alike()
    {
        string?[][] lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["abc", null], ["", "abc"], [null, "abc"], [], [""], [null], [Long], [Long, Long], [Long + Long]];

        Assert.Equal(lists.Length, lists.Select(list => Convert.ToHexString(Of(list))).Distinct().Count());
    }

    private static byte[] Of(params string?[] fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendFields(fields);
        return hash.GetHashAndReset();
    }
}
