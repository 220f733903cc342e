using Gateway.Authorize;
using TokenExchange.Inbound;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>What rules read as a URI and what a server makes of it: where they could differ, the URI is not taken.</summary>
public sealed class ResourceUriTests
{
    private const int Inputs = 200_000;

    /// <summary>Whatever has ever been a way around a rule, and what stands in ordinary URIs.</summary>
    private static readonly string[] Pieces =
    [
        "/", "/", "/", "//", "a", "A", "b", "secret", "SECRET", "plan", "public", "%20", "%41", "%73", "%2e", "%2E", "%2f", "%2F", "%5C", "%00", "%0A", "%7E", "%7f", "%25", "%2520", "%C3%A9", "%c3%a9", "e%CC%81",
        "%FF", "%EF%BC%8F", "%E2%80%AE", "%22", "%27", "%3F", "%5B", "%7B", "%7C", "%", "%4", "%zz", ".", "..", "./", "../", "~", "-", "_", "'", "\"", "^", "`", "|", "[", "]", "{", "}", "<", ">", "(", ")", "*", "+", ",", ";", "=",
        "!", "$", "&", ":", "@", "?", "?q=1", "#", "#f", "\\", " ", "\t", "\n", "\0", "é", "／", "．", "h", "H", "host", "HOST", "localhost", "user@", "u:p@", "U@", "@", ":80", ":443", ":21", ":8080", ":080", ":0", ":70", ":",
        "[::1]", "[0:0::1]", "[::ffff:1.2.3.4]", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "08", "xn--a", "c:", "C:", "c|", "h.", ".h", "..h",
    ];

    private static readonly string[] Schemes = ["file", "http", "https", "ws", "wss", "ftp", "FILE", "Http", "test", "TEST", "res", "urn", "note", "git+ssh", "gopher", "ldap", "telnet", "nntp", "news", "mailto", "uuid", "net.tcp", "net.pipe", "data"];

    [Theory]
    [InlineData("file:///public/plan")]
    [InlineData("file:///a%20b/%C3%A9.txt")]
    [InlineData("file:///")]
    [InlineData("file:///dir/")]
    [InlineData("file:///a@b;c=1,d(e)!$&'*+:~_-.x")]
    [InlineData("https://docs.example.com/")]
    [InlineData("https://docs.example.com:8443/a/b?q=1&r=a/b?c")]
    [InlineData("http://127.0.0.1/x")]
    [InlineData("http://[::1]:8080/x")]
    [InlineData("https://xn--bcher-kva.example/")]
    [InlineData("https://example.com./")]
    [InlineData("test://static-text")]
    [InlineData("test://template/1/data")]
    [InlineData("test://User@Host/Path?q")]
    [InlineData("note://12345")]
    [InlineData("postgres://db:5432/table")]
    [InlineData("urn:isbn:0451450523")]
    [InlineData("ui:x")]
    [InlineData("test:///x")]
    [InlineData("git+ssh://host/x%5Bold%5D")]
    public void An_ordinary_URI_is_its_own_normal_form(string uri) => Assert.True(ResourceUri.IsNormal(uri));

    [Theory]
    [InlineData("file:///public/../secret/plan")]
    [InlineData("file:///public/./plan")]
    [InlineData("file:///public/%2e%2e/secret")]
    [InlineData("file:///public/.%2E/secret")]
    [InlineData("file:///a/..")]
    [InlineData("file:///a/.")]
    [InlineData("FILE:///secret/plan")]
    [InlineData("File:///secret/plan")]
    [InlineData("file:///%73ecret/plan")]
    [InlineData("file:/secret/plan")]
    [InlineData("file://localhost/secret/plan")]
    [InlineData("file:////secret/plan")]
    [InlineData("file:///a//b")]
    [InlineData("file:///a?q")]
    [InlineData("file:secret")]
    [InlineData("file:///secret\\plan")]
    [InlineData("file:\\\\\\secret")]
    [InlineData("file:///secret%5Cplan")]
    [InlineData("file:///secret%2Fplan")]
    [InlineData("file:///secret%2fplan")]
    [InlineData("file:///a%00b")]
    [InlineData("file:///a%0Ab")]
    [InlineData("file:///a%7Fb")]
    [InlineData("file:///a\tb")]
    [InlineData(" file:///a")]
    [InlineData("file:///a ")]
    [InlineData("file:///é")]
    [InlineData("file:///a%c3%a9")]
    [InlineData("file:///a%2")]
    [InlineData("file:///a%zz")]
    [InlineData("file:///a%21b")]
    [InlineData("file:///a%3Ab")]
    [InlineData("file:///a\"b")]
    [InlineData("file:///a{b}")]
    [InlineData("file:///c|/secret")]
    [InlineData("file:///a#b")]
    [InlineData("https://host/a?")]
    [InlineData("https://host")]
    [InlineData("https://HOST/a")]
    [InlineData("https://host:443/a")]
    [InlineData("https://host:/a")]
    [InlineData("https://host:0443/a")]
    [InlineData("https://user@host/a")]
    [InlineData("https:///a")]
    [InlineData("https:/host/a")]
    [InlineData("http://127.1/a")]
    [InlineData("http://0x7f000001/a")]
    [InlineData("http://[0:0::1]/a")]
    [InlineData("http://h%6Fst/a")]
    [InlineData("http://host/?a'b")]
    [InlineData("http://host/?a%2Fb")]
    [InlineData("http://host/?a%3Fb")]
    [InlineData("test://h/a/../b")]
    [InlineData("test://h/%2E%2E/b")]
    [InlineData("test:a/../b")]
    [InlineData("test://h:/b")]
    [InlineData("test://:@h/b")]
    [InlineData("gopher://h:70/x")]
    [InlineData("plan")]
    [InlineData("/etc/passwd")]
    [InlineData("../secret")]
    [InlineData("1a:b")]
    [InlineData("")]
    public void What_some_reader_would_change_is_not(string uri) => Assert.False(ResourceUri.IsNormal(uri));

    /// <summary>
    /// The C# SDK looks resources up by <see cref="Uri"/>. Of two URIs that are one to it, the rules say the same, or at
    /// least one of them is not taken.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_rules_tell_apart_System_Uri_tells_apart(int seed)
    {
        var random = new Random(seed);
        var same = new Dictionary<Uri, List<string>>();
        var taken = 0;
        for (var i = 0; i < Inputs; i++)
        {
            var uri = Some(random);
            if (ResourceUri.IsNormal(uri) && Uri.TryCreate(uri, UriKind.Absolute, out var parsed))
            {
                taken++;
                same.TryAdd(parsed, []);
                same[parsed].Add(uri);
            }
        }

        Assert.InRange(taken, Inputs / 100, Inputs);
        var pairs = 0;
        foreach (var spellings in same.Values.Select(uris => uris.Distinct(StringComparer.Ordinal).ToArray()).Where(uris => uris.Length > 1))
        {
            pairs++;
            foreach (var rules in RulesAbout(spellings))
            {
                var verdicts = spellings.Select(uri => new Operation(MessageKind.Request, "resources/read", uri, IsUri: true))
                    .Where(operation => !rules.AreMistakable(operation))
                    .Select(operation => rules.Of(operation).Denied).Distinct().ToArray();
                Assert.True(verdicts.Length <= 1, string.Join("   ", spellings));
            }
        }

        Assert.True(pairs > 10, "The pieces make no two spellings of one URI any more.");
    }

    /// <summary>Whatever the C# SDK would serve in place of what was asked, the rules have judged as that, or not at all.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_URI_that_is_taken_is_served_as_it_is_spelt_where_a_rule_denies_any_other(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < Inputs; i++)
        {
            var uri = Some(random);
            if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed))
            {
                continue;
            }

            // As an operator would write it who has seen what the server serves.
            var served = parsed.GetComponents(UriComponents.SchemeAndServer | UriComponents.PathAndQuery, UriFormat.UriEscaped);
            if (served.Contains('*', StringComparison.Ordinal))
            {
                continue;
            }

            var rules = new OperationRules([new OperationRule(new Pattern("resources/*"), new Pattern(served), ScopeSet.Empty, Deny: true)], ScopeSet.Empty, denyOthers: false);
            var operation = new Operation(MessageKind.Request, "resources/read", uri, IsUri: true);
            Assert.True(rules.AreMistakable(operation) || rules.Of(operation).Denied, $"{uri} is served as {served}");
        }
    }

    [Theory]
    [InlineData("test://host/secret/*", "test://HOST/secret/x")]
    [InlineData("test://host/secret/*", "test://user@host/secret/x")]
    [InlineData("test://host/secret/*", "test://user@HOST/secret/x")]
    [InlineData("test://host/secret/*", "TEST://host/secret/x")]
    [InlineData("test://host/", "test://host")]
    [InlineData("test://host", "test://host/")]
    [InlineData("test://host/?q", "test://HOST?q")]
    [InlineData("file:///secret/*", "file:///SECRET/plan")]
    [InlineData("file:///c:/secret/*", "file:///C:/Secret/plan")]
    [InlineData("urn:secret:*", "URN:secret:x")]
    public void A_denied_resource_has_no_other_spelling(string denied, string uri) =>
        Assert.True(Rules(denied).AreMistakable(new Operation(MessageKind.Request, "resources/read", uri, IsUri: true)));

    [Theory]
    [InlineData("secret://*", "SECRET://vault/{x}")]
    [InlineData("secret://vault/*", "secret://VAULT/{x}")]
    [InlineData("secret://vault/*", "secret://user@vault/{x}")]
    [InlineData("secret://vault/*", "secret://{user}@vault/{x}")]
    [InlineData("secret://vault/{id}", "secret://vault/{ID}")]
    [InlineData("secret://{host}/x", "Secret://{host}/x")]
    [InlineData("file:///secret/*", "file:///Secret/{x}")]
    [InlineData("urn:secret:*", "URN:secret:{x}")]
    [InlineData("test://{host}", "test://{host}/")]
    [InlineData("test://host/secret/*", "test://HOST/secret/x")]
    public void A_denied_template_has_no_other_spelling(string denied, string uri) =>
        Assert.True(Rules(denied).AreMistakable(new Operation(MessageKind.Request, "completion/complete", uri, IsUri: true)));

    [Theory]
    [InlineData("secret://*", "public://vault/{x}")]
    [InlineData("secret://vault/*", "secret://{host}/x")]
    [InlineData("test://host/secret/*", "test://OTHER/{x}")]
    [InlineData("file:///secret/*", "file:///{path}")]
    [InlineData("file:///secret/*", "file:///secret/{path}")]
    public void A_template_is_taken_where_all_its_readings_are_judged_alike(string denied, string uri) =>
        Assert.False(Rules(denied).AreMistakable(new Operation(MessageKind.Request, "completion/complete", uri, IsUri: true)));

    [Fact]
    public void An_allowed_template_is_refused_where_its_other_reading_is_not_allowed()
    {
        var rules = new OperationRules([new OperationRule(new Pattern("completion/complete"), new Pattern("TEST://h/{x}"), ScopeSet.Empty, Deny: false)], ScopeSet.Empty, denyOthers: true);

        Assert.True(rules.AreMistakable(new Operation(MessageKind.Request, "completion/complete", "TEST://h/{x}", IsUri: true)));
    }

    [Theory]
    [InlineData("test://Host/a", "test://other/b")]
    [InlineData("test://host/secret/*", "test://OTHER/x")]
    [InlineData("test://host/secret/*", "test://user@OTHER/x")]
    [InlineData("test://static-text", "test://static-text")]
    [InlineData("test://static-text/more", "test://static-text")]
    [InlineData("file:///secret/*", "file:///Public/plan")]
    [InlineData("file:///secret/*", "file:///public/secret/plan")]
    public void A_URI_of_another_scheme_is_taken_where_all_its_readings_are_judged_alike(string denied, string uri) =>
        Assert.False(Rules(denied).AreMistakable(new Operation(MessageKind.Request, "resources/read", uri, IsUri: true)));

    [Fact]
    public void An_allowed_spelling_is_refused_where_its_other_reading_is_not_allowed()
    {
        var rules = new OperationRules([new OperationRule(new Pattern("resources/read"), new Pattern("test://HOST/a"), ScopeSet.Empty, Deny: false)], ScopeSet.Empty, denyOthers: true);

        Assert.True(rules.AreMistakable(new Operation(MessageKind.Request, "resources/read", "test://HOST/a", IsUri: true)));
    }

    [Fact]
    public void A_long_URI_is_judged_in_one_pass()
    {
        foreach (var piece in (string[])["../", "%2E", "a/", "{", "@", ":", "%41", "//", "x@"])
        {
            var uri = "test://h/" + string.Concat(Enumerable.Repeat(piece, 4 * 1024 * 1024 / piece.Length));
            var before = GC.GetAllocatedBytesForCurrentThread();
            Rules("test://x/*").AreMistakable(new Operation(MessageKind.Request, "resources/read", uri, IsUri: true));
            Rules("test://x/*").AreMistakable(new Operation(MessageKind.Request, "completion/complete", uri, IsUri: true));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L * 1024 * 1024);
        }
    }

    private static OperationRules Rules(string denied) =>
        new([new OperationRule(new Pattern("resources/*"), new Pattern(denied), ScopeSet.Empty, Deny: true), new OperationRule(new Pattern("completion/*"), new Pattern(denied), ScopeSet.Empty, Deny: true)], ScopeSet.Empty, denyOthers: false);

    /// <summary>Each spelling allowed or denied by its own, alone and with the rest denied or allowed, and by its beginning.</summary>
    private static IEnumerable<OperationRules> RulesAbout(string[] spellings) =>
        from uri in spellings
        from name in (string[])[uri.Replace('*', 'x'), uri.Replace('*', 'x')[..^1] + "*"]
        from deny in (bool[])[true, false]
        select new OperationRules([new OperationRule(new Pattern("resources/read"), new Pattern(name), ScopeSet.Empty, deny)], ScopeSet.Empty, denyOthers: !deny);

    private static string Some(Random random)
    {
        var uri = Schemes[random.Next(Schemes.Length)] + ":" + (random.Next(4) == 0 ? "" : "//");
        for (var pieces = random.Next(1, 6); pieces > 0; pieces--)
        {
            uri += Pieces[random.Next(Pieces.Length)];
        }

        return uri;
    }
}
