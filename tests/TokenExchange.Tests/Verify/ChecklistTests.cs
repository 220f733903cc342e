using System.Security.Cryptography;
using System.Text.Json;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>What a parser throws at a token refuses it; what only a bug throws is thrown, and refuses nobody in silence.</summary>
public sealed class ChecklistTests
{
    public static TheoryData<Exception, bool> Thrown => new()
    {
        { new JsonException(), true },
        { new FormatException(), true },
        { new ArgumentOutOfRangeException(), true },
        { new OverflowException(), true },
        { new CryptographicException(), true },
        { new NotSupportedException(), true },
        { new InvalidOperationException(), true },
        { new KeyNotFoundException(), false },
        { new InvalidCastException(), false },
        { new ObjectDisposedException("key"), false },
    };

    [Theory]
    [MemberData(nameof(Thrown), DisableDiscoveryEnumeration = true)]
    public void A_check_that_throws_refuses_what_is_no_bug(Exception thrown, bool refuses)
    {
        var checks = new Checklist<string, TokenRefusal>(TokenRefusal.Malformed, [new("first", _ => null), new("second", _ => throw thrown)]);

        if (refuses)
        {
            Assert.Equal(new FailedCheck<TokenRefusal>("second", TokenRefusal.Malformed), checks.FirstFailure("token"));
        }
        else
        {
            Assert.Same(thrown, Record.Exception(() => checks.FirstFailure("token")));
        }
    }
}
