using TokenExchange.Issuers;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>Where plain http may go: hosts of this machine, told by their form alone.</summary>
public sealed class LoopbackTests
{
    [Theory]
    [InlineData("http://localhost/", true)]
    [InlineData("http://LOCALHOST:8080/", true)]
    [InlineData("http://127.0.0.1/", true)]
    [InlineData("http://127.255.1.2/", true)]
    [InlineData("http://0x7f.1/", true)]
    [InlineData("http://[::1]/", true)]
    [InlineData("http://[0:0:0:0:0:0:0:1]:9/", true)]
    [InlineData("http://[::ffff:127.0.0.1]/", true)]
    [InlineData("http://localhost./", false)]
    [InlineData("http://localhost.example.com/", false)]
    [InlineData("http://app.localhost/", false)]
    [InlineData("http://127.0.0.1.example.com/", false)]
    [InlineData("http://0.0.0.0/", false)]
    [InlineData("http://[::]/", false)]
    [InlineData("http://10.0.0.1/", false)]
    [InlineData("http://169.254.169.254/", false)]
    [InlineData("http://[::2]/", false)]
    [InlineData("http://128.0.0.1/", false)]
    public void Only_localhost_and_loopback_addresses_are_this_machine(string url, bool expected)
    {
        Assert.Equal(expected, Loopback.Is(new Uri(url).IdnHost));
        Assert.Equal(expected, Loopback.Is(new Uri(url).Host));
        Assert.Equal(expected, Loopback.Is(new Uri(url)));
    }

    [Fact]
    public void A_host_that_is_no_name_in_any_script_is_not_this_machine()
    {
        var address = new Uri("http://xn--\u00fc/");
        Assert.Throws<UriFormatException>(() => address.IdnHost);

        Assert.False(Loopback.Is(address));
    }

    [Fact]
    public void Nothing_is_not_this_machine() => Assert.False(Loopback.Is(""));
}
