using Gateway.Authorize;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Each part of a URI by itself: what is taken beside what is not, and each other way in which it may be read.</summary>
public sealed class ResourceUriReadingTests
{
    [Theory]
    [InlineData("x:y", true)]
    [InlineData("x+y-z.1:y", true)]
    [InlineData("x_y:z", false)]
    [InlineData("x y:z", false)]
    [InlineData(":x", false)]
    [InlineData("TEST://h/x", true)]
    [InlineData("HTTPS://h/x", false)]
    [InlineData("httpS://h/x", false)]
    public void A_scheme_is_of_its_own_characters_and_in_lower_case_where_readers_know_it(string uri, bool taken) => Assert.Equal(taken, ResourceUri.IsNormal(uri));

    [Theory]
    [InlineData("ws", "80")]
    [InlineData("wss", "443")]
    [InlineData("ftp", "21")]
    [InlineData("http", "80")]
    [InlineData("https", "443")]
    [InlineData("gopher", "70")]
    [InlineData("nntp", "119")]
    [InlineData("telnet", "23")]
    [InlineData("ldap", "389")]
    [InlineData("net.tcp", "808")]
    [InlineData("mailto", null)]
    [InlineData("news", null)]
    [InlineData("net.pipe", null)]
    [InlineData("uuid", null)]
    public void A_known_scheme_has_no_port_that_is_its_default_and_no_host_that_is_half_an_address(string scheme, string? port)
    {
        Assert.True(ResourceUri.IsNormal($"{scheme}://h/x"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://h:24/x"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://127.0.0.1/x"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://[::1]:24/x"));
        Assert.False(ResourceUri.IsNormal($"{scheme}://127.1/x"));
        Assert.False(ResourceUri.IsNormal($"{scheme}://[0::1]/x"));
        Assert.Equal(port is null, ResourceUri.IsNormal($"{scheme}://h:{port ?? "99"}/x"));
        Assert.Equal(port is null, ResourceUri.IsNormal($"{scheme}://[::1]:{port ?? "99"}/x"));
    }

    [Theory]
    [InlineData("test")]
    [InlineData("postgres")]
    [InlineData("postgresql")]
    public void A_scheme_that_no_reader_knows_has_any_port_and_host(string scheme)
    {
        Assert.True(ResourceUri.IsNormal($"{scheme}://127.1/x"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://h:80/x"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://h"));
        Assert.True(ResourceUri.IsNormal($"{scheme}://"));
        Assert.True(ResourceUri.IsNormal($"{scheme}:"));
    }

    [Theory]
    [InlineData("ws:h")]
    [InlineData("wss:h")]
    [InlineData("ftp:/h")]
    [InlineData("https://h?q")]
    [InlineData("file://h/x")]
    [InlineData("file://")]
    public void A_scheme_that_every_reader_knows_has_its_slashes_and_a_path(string uri) => Assert.False(ResourceUri.IsNormal(uri));

    [Theory]
    [InlineData("h.", true)]
    [InlineData("1.h", true)]
    [InlineData("h.1a", true)]
    [InlineData("a_b-c.d", true)]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.1.", false)]
    [InlineData("192.0.2", false)]
    [InlineData("256.0.2.1", false)]
    [InlineData("h.1", false)]
    [InlineData("h.1.", false)]
    [InlineData("h.0x1", false)]
    [InlineData("h.0x", false)]
    [InlineData(".", false)]
    [InlineData(".h", false)]
    [InlineData("a..h", false)]
    [InlineData("h..", false)]
    [InlineData("h!", false)]
    [InlineData("[2001:db8::1]", true)]
    [InlineData("[2001:DB8::1]", false)]
    [InlineData("[2001:db8::0:1]", false)]
    [InlineData("[::ffff:192.0.2.1]", false)]
    [InlineData("[fe80::1%1]", false)]
    [InlineData("[::1]h", false)]
    [InlineData("[::1", false)]
    [InlineData("h]", false)]
    [InlineData("[]", false)]
    [InlineData("[h]", false)]
    public void A_host_is_a_name_or_a_whole_address_as_readers_write_it(string host, bool taken)
    {
        Assert.Equal(taken, ResourceUri.IsNormal($"https://{host}/x"));
        Assert.Equal(taken, ResourceUri.IsNormal($"https://{host}:24/x"));
    }

    [Theory]
    [InlineData("h!", true)]
    [InlineData("H", true)]
    [InlineData("h%5B", true)]
    [InlineData("h%41", false)]
    [InlineData("h%2Fx", false)]
    [InlineData("h%5Cx", false)]
    [InlineData("u%2Fx@h", false)]
    [InlineData("u:p%2Fx@h", false)]
    [InlineData("[::1]", true)]
    [InlineData("[0::1]", false)]
    [InlineData("h:1", true)]
    [InlineData("h:65535", true)]
    [InlineData("h:65536", false)]
    [InlineData("h:0", false)]
    [InlineData("h:01", false)]
    [InlineData("h:+1", false)]
    [InlineData("h: 1", false)]
    [InlineData("h:", false)]
    [InlineData(":1", false)]
    [InlineData("[::1]:1", true)]
    [InlineData("[::1]:", false)]
    [InlineData("[::1]:01", false)]
    [InlineData("u@h", true)]
    [InlineData("u:p@h", true)]
    [InlineData("u%3A:p%40@h:1", true)]
    [InlineData("@h", false)]
    [InlineData(":p@h", false)]
    [InlineData("u:@h", false)]
    [InlineData("u@", false)]
    [InlineData("u;x@h", false)]
    [InlineData("u=x@h", false)]
    [InlineData("u:p;q@h", false)]
    [InlineData("u:p=q@h", false)]
    [InlineData("u:p:q@h", false)]
    [InlineData("u@v@h", false)]
    [InlineData("u%41@h", false)]
    [InlineData("u x@h", false)]
    [InlineData("u:p x@h", false)]
    public void Another_authority_has_a_whole_user_and_host_and_a_port_in_its_shortest_form(string authority, bool taken) =>
        Assert.Equal(taken, ResourceUri.IsNormal($"test://{authority}/x"));

    [Theory]
    [InlineData("test:?q", true)]
    [InlineData("test://h?q/r?s:@", true)]
    [InlineData("test://h/x?", false)]
    [InlineData("test:?", false)]
    [InlineData("test:?%41", false)]
    [InlineData("test://h/x?%41", false)]
    [InlineData("test://h/x?a^b", false)]
    [InlineData("test://h/x?a'b", true)]
    [InlineData("https://h/x?a'b", false)]
    [InlineData("https://h/x?a b", false)]
    [InlineData("https://h/x?a/b:c@d?e", true)]
    [InlineData("https://h/x'?a%27b", true)]
    [InlineData("ldap://h/x?q", true)]
    [InlineData("gopher://h/x?q", false)]
    [InlineData("news:x?q", false)]
    [InlineData("nntp://h/x?q", false)]
    [InlineData("telnet://h/x?q", false)]
    [InlineData("uuid:x?q", false)]
    [InlineData("UUID:x?q", false)]
    public void A_query_is_as_every_reader_writes_it_where_the_scheme_has_one(string uri, bool taken) => Assert.Equal(taken, ResourceUri.IsNormal(uri));

    [Theory]
    [InlineData("mailto:h.example", true)]
    [InlineData("mailto:a@h.example?subject=x", true)]
    [InlineData("mailto:a@", true)]
    [InlineData("mailto:a@h/x.1", true)]
    [InlineData("mailto:a@/x.1", true)]
    [InlineData("mailto:a@127.0.0.1", true)]
    [InlineData("mailto:a@127.1", false)]
    [InlineData("mailto:127.1/x", false)]
    [InlineData("MAILTO:127.1", false)]
    [InlineData("mailto:a:b@h", false)]
    [InlineData("test:a:b@127.1", true)]
    public void An_address_of_mail_has_a_whole_host_and_no_colon(string uri, bool taken) => Assert.Equal(taken, ResourceUri.IsNormal(uri));

    [Theory]
    [InlineData("/", true)]
    [InlineData("/a/", true)]
    [InlineData("a/", true)]
    [InlineData("/a/.b/..c/d../...", true)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("./a", false)]
    [InlineData("../a", false)]
    [InlineData("/.", false)]
    [InlineData("/..", false)]
    [InlineData("/./a", false)]
    [InlineData("/../a", false)]
    [InlineData("a//b", false)]
    [InlineData("/a//", false)]
    [InlineData("/a/./b", false)]
    [InlineData("/a/../b", false)]
    public void A_path_has_no_segment_that_a_reader_takes_out(string path, bool taken) => Assert.Equal(taken, ResourceUri.IsNormal("test:" + path));

    [Fact]
    public void A_path_holds_encoded_what_may_not_stand_in_it_and_nothing_else()
    {
        const string Raw = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/";
        for (var c = (char)0; c < 0x100; c++)
        {
            Assert.Equal(c == '?' || Raw.Contains(c, StringComparison.Ordinal), ResourceUri.IsNormal($"test:a{c}b"));
            var encoded = c is >= ' ' and not '\x7f' and not '\\' && !Raw.Contains(c, StringComparison.Ordinal);
            Assert.Equal(encoded, ResourceUri.IsNormal($"test:a%{(int)c:X2}b%{(int)c:X2}"));
            Assert.Equal(encoded && $"{(int)c:X2}" == $"{(int)c:x2}", ResourceUri.IsNormal($"test:%{(int)c:x2}"));
        }
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%3")]
    [InlineData("a%3C%3")]
    [InlineData("%3C%")]
    [InlineData("%/C")]
    [InlineData("%:C")]
    [InlineData("%@C")]
    [InlineData("%GC")]
    [InlineData("%3/")]
    [InlineData("%3:")]
    [InlineData("%3@")]
    [InlineData("%3G")]
    [InlineData("^3C")]
    [InlineData(" 3C")]
    [InlineData("\\3C")]
    public void Two_digits_stand_after_a_percent_sign_and_nothing_else_stands_for_it(string path) => Assert.False(ResourceUri.IsNormal("test:" + path));

    [Theory]
    [InlineData("file:///A")]
    [InlineData("https://User@Host/A")]
    [InlineData("TEST:A/b", "test:A/b")]
    [InlineData("urn:A", "urn:A")]
    [InlineData("TEST://User@Host/Path?Query", "test://user@host/Path?Query", "TEST://Host/Path?Query", "test://host/Path?Query")]
    [InlineData("test://H", "test://h", "test://H", "test://h")]
    [InlineData("test:///A", "test:///A", "test:///A", "test:///A")]
    [InlineData("test://H?Q@r/S", "test://h?Q@r/S", "test://H?Q@r/S", "test://h?Q@r/S")]
    [InlineData("mailto:Host", "mailto:Host", "mailto:Host", "mailto:host")]
    [InlineData("Mailto:A@Host?C@D", "mailto:A@Host?C@D", "mailto:Host?C@D", "mailto:host?c@d")]
    [InlineData("mailto:?A@b", "mailto:?A@b", "mailto:?A@b", "mailto:?a@b")]
    public void Other_readings_fold_scheme_and_host_and_leave_out_the_user(string uri, params string[] readings) => Assert.Equal(readings, ResourceUri.OtherReadings(uri));

    [Theory]
    [InlineData("test://h", "test://h/")]
    [InlineData("test://h/", "test://h")]
    [InlineData("test://h?q/", "test://h/?q/")]
    [InlineData("test://h/?q/", "test://h?q/")]
    [InlineData("test://", "test:///")]
    [InlineData("test:///", "test://")]
    [InlineData("test://h/p", null)]
    [InlineData("test://h//", null)]
    [InlineData("test:/", null)]
    public void An_empty_path_and_a_slash_are_each_others_other_reading(string uri, string? other) => Assert.Equal(other, ResourceUri.WithOtherEmptyPath(uri));

    [Theory]
    [InlineData("file:///a", "file:///a")]
    [InlineData("{a}b", "xb")]
    [InlineData("file:///{a}/{+b}{?c,d}.txt", "file:///x/xx.txt")]
    [InlineData("a}b{c}", "a}bx")]
    [InlineData("a{}b", "axb")]
    [InlineData("a{b", "a{b")]
    [InlineData("{a}{b", "x{b")]
    public void A_template_is_judged_with_something_in_place_of_each_expression(string template, string expanded) => Assert.Equal(expanded, ResourceUri.Expanded(template));
}
