using Gateway.Configuration;
using Gateway.Configuration.Options;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed class ReadingTests
{
    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        var loaded = Given.Loaded(Given.Good);

        Assert.Empty(loaded.Problems);
        Assert.Equal("https://mcp.example.com", loaded.Options!.PublicUrl);
        Assert.Equal(OutboundMode.Exchange, loaded.Options.Servers["weather"].Outbound!.Mode);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() => Assert.Empty(Given.Loaded("\uFEFF" + Given.Good).Problems);

    [Fact]
    public void A_problem_says_its_line_and_column()
    {
        var problem = Assert.Single(Given.Loaded(Given.GoodWith("\"PublicUrl\"", "\"PublicUr\"")).Problems);

        Assert.Equal(("unknown-key", "Gateway:PublicUr", 4, 5), (problem.Rule, problem.Key, problem.Line, problem.Column));
        Assert.EndsWith("did you mean 'PublicUrl'?", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_count_characters_and_not_bytes()
    {
        var problem = Assert.Single(Given.Loaded("""{ /* größer */ "Gatewy": {} }""").Problems, problem => problem.Rule == "unknown-key");

        Assert.Equal((1, 16), (problem.Line, problem.Column));
    }

    [Fact]
    public void Every_problem_is_found_in_one_run_and_in_the_order_of_the_file()
    {
        var loaded = Given.Loaded("""
            {
              "Gateway": {
                "DrainDelay": "5",
                "Cache": { "Capacity": "many", "MaxAge": 5 },
                "TrustedProxies": "10.0.0.0/8",
                "Servers": { "a": { "Transport": "sse", "FilterLists": "true", "Nonsense": 1, "MaxRequestBody": 1.5 } }
              },
              "Kestrle": {}
            }
            """);

        var structural = loaded.Problems.Where(problem => problem.Rule is "type" or "unknown-key").ToArray();
        Assert.Equal(
            [
                "Gateway:DrainDelay", "Gateway:Cache:Capacity", "Gateway:Cache:MaxAge", "Gateway:TrustedProxies",
                "Gateway:Servers:a:Transport", "Gateway:Servers:a:FilterLists", "Gateway:Servers:a:Nonsense", "Gateway:Servers:a:MaxRequestBody", "Kestrle",
            ],
            structural.Select(problem => problem.Key));
        Assert.Equal(loaded.Problems.OrderBy(problem => (problem.Line, problem.Column)).Select(problem => problem.Key), loaded.Problems.Select(problem => problem.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public async Task The_largest_file_is_read_once_and_not_once_for_each_of_its_keys(string between)
    {
        // Of hundreds of thousands of keys, counting from the start for each takes many minutes, and so does a walk through all of them for each problem.
        var many = string.Join($",{between}", Enumerable.Range(0, 400_000).Select(i => $"\"parameter{i}\": \"value\""));
        var unknown = string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"{i}\": {i}"));
        var text = $$"""{ "Gateway": { "AuthorizationServers": { "corp": { "ExtraParameters": { {{many}} }, {{unknown}} } } }, "Gatewy": 1 }""";

        var read = Task.Run(() => Given.Loaded(text.Length < ConfigurationLoader.MaxFileSize ? text : throw new InvalidOperationException("It is too large.")), TestContext.Current.CancellationToken);
        var problem = Assert.Single((await read.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).Problems, problem => problem.Key == "Gatewy");

        Assert.Equal((text.Count('\n') + 1, text.Length - 1 - text.LastIndexOf('\n') - "\"Gatewy\": 1 }".Length + 1), (problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("""{ "Gateway": { "PublicUrl": "x", "PublicUrl": "y" } }""", "twice", 1, 34)]
    [InlineData("""{ "Gateway": { "PublicUrl": "x", "Public\u0055rl": "y" } }""", "twice", 1, 34)]
    [InlineData("{ \"Gateway\": {\n  \"PublicUrl\" \"x\" } }", "not JSON", 2, 15)]
    [InlineData("{ 'Gateway': {} }", "not JSON", 1, 3)]
    [InlineData("[]", "one JSON object", 1, 1)]
    [InlineData("", "is empty", 1, 1)]
    [InlineData("{} {}", "not JSON", 1, 4)]
    [InlineData("""{ "\uD800": 1 }""", "Unicode", 1, 3)]
    public void What_is_no_JSON_is_a_syntax_problem(string text, string fragment, int line, int column)
    {
        var problem = Given.Loaded(text).Problems.First(problem => problem.Rule == "syntax");

        Assert.Contains(fragment, problem.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (problem.Line, problem.Column));
    }

    [Fact]
    public void Null_is_the_default()
    {
        var loaded = Given.Loaded(Given.GoodWith("\"Issuer\":", "\"Algorithms\": null, \"ClockSkew\": null, \"Inbound\": null, \"Issuer\":"));

        Assert.Empty(loaded.Problems);
        var corp = loaded.Options!.AuthorizationServers["corp"];
        Assert.Equal(["ES256", "PS256", "RS256"], corp.Algorithms);
        Assert.Equal(TimeSpan.FromSeconds(30), corp.ClockSkew);
        Assert.True(corp.Inbound);
    }

    [Fact]
    public void A_given_list_replaces_the_default()
    {
        var loaded = Given.Loaded(Given.GoodWith("\"Issuer\":", "\"Algorithms\": [\"ES256\"], \"Issuer\":"));

        Assert.Equal(["ES256"], loaded.Options!.AuthorizationServers["corp"].Algorithms);
    }

    [Theory]
    [InlineData("\"30\"")]
    [InlineData("30")]
    [InlineData("\"24:00:00\"")]
    [InlineData("\"00:00:61\"")]
    [InlineData("\"PT30S\"")]
    [InlineData("\" 00:00:30\"")]
    [InlineData("\"\"")]
    public void Durations_are_exact(string value)
    {
        var problem = Assert.Single(Given.Loaded(Given.GoodWith("\"Issuer\":", $"\"ClockSkew\": {value}, \"Issuer\":")).Problems);

        Assert.Equal(("type", "Gateway:AuthorizationServers:corp:ClockSkew"), (problem.Rule, problem.Key));
    }

    [Fact]
    public void Keys_of_the_file_are_case_sensitive() =>
        Assert.Equal(["unknown-key"], Given.Loaded(Given.GoodWith("\"PublicUrl\"", "\"publicUrl\"")).Problems.Select(problem => problem.Rule));

    [Fact]
    public void A_file_that_is_not_there_is_unreadable()
    {
        var loaded = ConfigurationLoader.Load(new ConfigurationInput { Path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "gateway.json") });

        Assert.True(loaded.Unreadable);
        Assert.True(loaded.HasErrors);
    }

    [Fact]
    public void A_secret_of_the_wrong_type_is_not_repeated()
    {
        var problem = Assert.Single(Given.Loaded(Given.GoodWith("\"SecretFile\": \"/dev/null\"", "\"Secret\": 4711")).Problems, problem => problem.Rule == "type");

        Assert.DoesNotContain("4711", problem.Message, StringComparison.Ordinal);
    }
}
