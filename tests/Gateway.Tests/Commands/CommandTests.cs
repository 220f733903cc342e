using System.Text.Json;
using Gateway.Commands;
using Gateway.Configuration;
using Gateway.Tests.Configuration;
using Xunit;

namespace Gateway.Tests.Commands;

public sealed class CommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-commands-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Check_of_a_good_configuration_exits_0_and_shows_what_follows_from_it()
    {
        var (exit, output, _) = await Run("check", "--config", Write(Given.Good));

        Assert.Equal(0, exit);
        Assert.Contains("weather: https://mcp.example.com/weather -> exchange at corp for https://weather.internal/mcp", output, StringComparison.Ordinal);
        Assert.Contains("0 errors, 0 warnings", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_of_a_bad_configuration_exits_1_and_says_where()
    {
        var path = Write(Given.GoodWith("\"PublicUrl\"", "\"PublicUr\""));
        var (exit, output, _) = await Run("check", "--config", path);

        Assert.Equal(1, exit);
        Assert.Contains($"{path}(4,5): unknown-key: Gateway:PublicUr: ", output, StringComparison.Ordinal);
        Assert.Contains("did you mean 'PublicUrl'?", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', output);
    }

    [Fact]
    public async Task Warnings_alone_exit_0_and_strict_exits_1()
    {
        var path = Write(Given.Changed("A:Client:SecretFile='/nowhere/secret'"));

        Assert.Equal(0, (await Run("check", "--config", path)).Exit);
        Assert.Equal(1, (await Run("check", "--config", path, "--strict")).Exit);
        Assert.Equal(0, (await Run("check", "--config", Write(Given.Good), "--strict")).Exit);
    }

    [Fact]
    public async Task Check_of_what_cannot_be_read_exits_2()
    {
        Assert.Equal(2, (await Run("check", "--config", Path.Combine(directory, "nowhere.json"))).Exit);
        Assert.Equal(2, (await Run("check", "--config", directory)).Exit);
    }

    [Fact]
    public async Task Check_prints_json_for_programs()
    {
        var (exit, output, _) = await Run("check", "--format", "json", "--config", Write(Given.GoodWith("\"PublicUrl\"", "\"PublicUr\"")));

        using var report = JsonDocument.Parse(output);
        var problem = report.RootElement.GetProperty("problems")[0];
        Assert.Equal(1, exit);
        Assert.Equal(("unknown-key", "error", 4), (problem.GetProperty("rule").GetString(), problem.GetProperty("severity").GetString(), problem.GetProperty("line").GetInt32()));
    }

    [Theory]
    [InlineData("--Gateway:PublicUrl=http://mcp.example.com")]
    [InlineData("--gateway:publicurl", "http://mcp.example.com")]
    [InlineData("--Gateway:PublicUr=x")]
    [InlineData("--Gateway:Servers:weather:Outbound:Mode", "none")]
    public async Task Check_sees_the_overrides_that_run_sees(params string[] overrides) =>
        Assert.Equal(1, (await Run(["check", "--config", Write(Given.Good), .. overrides])).Exit);

    [Theory]
    [InlineData("'--strikt' is not an option here; did you mean '--strict'?", "check", "--strikt")]
    [InlineData("'--confg' is not an option here; did you mean '--config'?", "--confg", "x")]
    [InlineData("'chek' is not a command here; did you mean 'check'?", "chek")]
    [InlineData("did you mean '--Gateway:'?", "check", "--Gatway:PublicUrl=x")]
    [InlineData("the value is missing", "check", "--Gateway:PublicUrl")]
    [InlineData("the value is missing", "run", "--Gateway:PublicUrl", "--urls=http://127.0.0.1:0")]
    [InlineData("'schema' reads no configuration", "schema", "--Gateway:PublicUrl=x")]
    [InlineData("write addresses such as", "run", "--urls", "nonsense")]
    [InlineData("write addresses such as", "run", "--urls", "http://127.0.0.1:99999")]
    [InlineData("write addresses such as", "check", "--urls", "http://127.0.0.1:99999999999")]
    [InlineData("write ports such as", "run", "--http_ports", "http")]
    [InlineData("'@file' is not a command", "@file")]
    [InlineData("'check' is a command, and comes first", "--urls", "http://127.0.0.1:9000", "check")]
    [InlineData("--format is 'yaml'; write one of text, json.", "check", "--format", "yaml")]
    [InlineData("--format is 'JSON'; write one of text, json.", "prove", "--format=JSON")]
    [InlineData("--algorithm is 'HS256'; write one of ES256,", "keys", "new", "--directory", "x", "--algorithm", "HS256")]
    [InlineData("'keys' needs a command: new, such as 'gateway keys new'.", "keys")]
    [InlineData("--directory is empty", "keys", "new", "--directory", "")]
    [InlineData("Name exactly one of --subject,", "revoke", "--config", "/nowhere")]
    [InlineData("--subject is empty", "revoke", "--subject", "", "--config", "/nowhere")]
    public async Task What_is_not_understood_is_an_error_that_names_it(string expected, params string[] arguments)
    {
        var (exit, output, errors) = await Run(arguments);

        Assert.Equal(1, exit);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("doctor", "--server", "nobody")]
    [InlineData("explain", "--server", "nobody", "--token-file", "/nowhere")]
    [InlineData("revoke", "--subject", "alice")]
    public async Task A_command_that_asks_what_run_would_do_hears_where_it_would_listen(params string[] command)
    {
        var path = Write(Given.Changed("W:Destinations=['http://127.0.0.1:8080/mcp']"));

        Assert.Contains("destination-own", (await Run([.. command, "--config", path])).Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("destination-own", (await Run([.. command, "--config", path, "--urls", "http://127.0.0.1:9000"])).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_without_an_end_is_not_read_to_it()
    {
        var token = Path.Combine(directory, "token");
        await File.WriteAllTextAsync(token, "x", TestContext.Current.CancellationToken);

        Assert.Contains("is larger than a body can be", (await Run("explain", "--server", "weather", "--token-file", token, "--body-file", "/dev/zero", "--config", Write(Given.Good))).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_prints_the_committed_schema()
    {
        var (exit, output, _) = await Run("schema");

        Assert.Equal(0, exit);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository(), "gateway.schema.json")), output);
    }

    [Fact]
    public async Task Health_exits_1_where_nobody_answers() => Assert.Equal(1, (await Run("health", "--url", "http://127.0.0.1:9/healthz/live")).Exit);

    [Fact]
    public async Task Health_asks_for_a_url()
    {
        Assert.Equal(1, (await Run("health")).Exit);
        Assert.Equal(1, (await Run("health", "--url", "file:///etc/passwd")).Exit);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run", "--help")]
    [InlineData("check", "-h")]
    [InlineData("schema", "--help")]
    [InlineData("health", "--help")]
    public async Task Every_command_has_help(params string[] arguments)
    {
        var (exit, output, _) = await Run(arguments);

        Assert.Equal(0, exit);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_of_a_name_do_not_reach_the_terminal()
    {
        var line = ConfigurationReport.Line("gateway.json", new ConfigurationProblem("unknown-key", "Gateway:\x1b[2J", "'\x1b[2J' is not a key here.", 1, 1));

        Assert.DoesNotContain('\x1b', line);
    }

    internal static string Repository()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Gateway.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("Gateway.sln");
        }

        return directory;
    }

    private static async Task<(int Exit, string Output, string Errors)> Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(arguments);
        return (exit, output.ToString(), errors.ToString());
    }

    private string Write(string text)
    {
        var path = Path.Combine(directory, $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, text);
        return path;
    }
}
