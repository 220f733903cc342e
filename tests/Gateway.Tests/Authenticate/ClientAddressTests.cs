using System.Net;
using Gateway.Authenticate;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Authenticate;

/// <summary>The audit's client address is the peer's unless a trusted proxy says otherwise; a client cannot write its own.</summary>
public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("203.0.113.9", "198.51.100.7", "203.0.113.9")]
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.0.1", "192.0.2.66, 198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.0.1", "192.0.2.66, 198.51.100.7, 10.0.0.2", "198.51.100.7")]
    [InlineData("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3")]
    [InlineData("10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.1", "198.51.100.7, 10.0.0.2,", "10.0.0.1")]
    [InlineData("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7")]
    [InlineData("10.0.0.1", "198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7")]
    [InlineData("10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7")]
    [InlineData("::ffff:203.0.113.9", "198.51.100.7", "203.0.113.9")]
    [InlineData("10.0.0.1", "198.51.100.7:49152", "198.51.100.7")]
    [InlineData("10.0.0.1", "[2001:db8::1]:49152", "2001:db8::1")]
    [InlineData("10.0.0.1", "192.0.2.66:1, 198.51.100.7:49152, 10.0.0.2:443", "198.51.100.7")]
    [InlineData("10.0.0.1", "198.51.100.7:65536", "10.0.0.1")]
    public void What_trusted_proxies_appended_is_read_from_the_right(string peer, string? forwarded, string address) =>
        Assert.Equal(address, Of(peer, forwarded, "10.0.0.0/8"));

    [Fact]
    public void Without_trusted_proxies_nothing_that_is_forwarded_counts() =>
        Assert.Equal("10.0.0.1", Of("10.0.0.1", "198.51.100.7"));

    [Theory]
    [InlineData(15, "198.51.100.7")]
    [InlineData(16, "10.0.0.2")]
    public void No_more_than_sixteen_hops_are_read(int proxies, string address) =>
        Assert.Equal(address, Of("10.0.0.1", "198.51.100.7" + string.Concat(Enumerable.Repeat(", 10.0.0.2", proxies)), "10.0.0.0/8"));

    [Fact]
    public void A_connection_without_an_address_has_none() => Assert.Null(new ClientAddress([]).Of(new DefaultHttpContext()));

    private static string? Of(string peer, string? forwarded, params string[] trusted)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        if (forwarded is not null)
        {
            context.Request.Headers["X-Forwarded-For"] = forwarded;
        }

        return new ClientAddress([.. trusted.Select(range => IPNetwork.Parse(range))]).Of(context);
    }
}
