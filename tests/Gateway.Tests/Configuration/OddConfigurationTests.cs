using System.Text;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Files as people, editors and failed writes leave them: the message says what to do, and never shows a secret.</summary>
public sealed class OddConfigurationTests
{
    private const string Secret = "canary-8261";

    [Theory]
    [InlineData("", "The file is empty")]
    [InlineData(" \r\n\t", "The file is empty")]
    public void An_empty_file_is_called_empty(string text, string fragment) =>
        Assert.Contains(fragment, Assert.Single(Of(Encoding.UTF8.GetBytes(text)).Problems).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_in_UTF_16_is_called_that(bool bigEndian)
    {
        var encoding = new UnicodeEncoding(bigEndian, byteOrderMark: true);

        Assert.Contains("save it as UTF-8", Assert.Single(Of([.. encoding.GetPreamble(), .. encoding.GetBytes("{}")]).Problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("W:StreamIdleTimeout=900", "perhaps \"00:15:00\"")]
    [InlineData("W:StreamIdleTimeout='900'", "perhaps \"00:15:00\"")]
    [InlineData("W:StreamIdleTimeout='15m'", "perhaps \"00:15:00\"")]
    [InlineData("W:StreamIdleTimeout='PT15M'", "perhaps \"00:15:00\"")]
    [InlineData("W:StreamIdleTimeout='25:00:00'", "perhaps \"1.01:00:00\"")]
    [InlineData("W:StreamIdleTimeout='-00:01:00'", "hh:mm:ss")]
    [InlineData("W:StreamIdleTimeout='P99999999999Y'", "hh:mm:ss")]
    [InlineData("W:MaxRequestBody=99999999999999999999999", "a smaller whole number")]
    [InlineData("W:MaxRequestBody='4194304'", "without quotes")]
    [InlineData("W:MaxRequestBody=1.5", "a whole number")]
    [InlineData("PublicUrl='https://b\u00fccher.example'", "'xn--bcher-kva.example'")]
    [InlineData("W:Destinations=['http://b\u00fccher.example/mcp']", "'xn--bcher-kva.example'")]
    [InlineData("Management={'Page':true}", "Url is missing; write")]
    [InlineData("SessionKeyFile='/'", "'/' is a directory")]
    public void The_message_says_what_was_probably_meant(string change, string fragment) =>
        Assert.Contains(fragment, Assert.Single(Given.Loaded(Given.Changed(change)).Problems, problem => !problem.IsWarning || problem.Rule == "file-missing").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Kestrel", "{'Endpoints':{'public':{'Url':'8080'}}}", "listening-url", "'8080' is not an address")]
    [InlineData("Kestrel", "{'Endpoints':{'public':{'Url':'ftp://x'}}}", "listening-url", "'ftp://x' is not an address")]
    [InlineData("Kestrel", "{'Endpoints':{'public':{}}}", "listening-url", "missing")]
    [InlineData("Logging", "{'LogLevel':{'Default':'Informaton'}}", "log-level", "did you mean 'Information'?")]
    [InlineData("Logging", "{'Console':{'loglevel':{'Gateway':'verbose'}}}", "log-level", "write one of Trace")]
    public void What_the_framework_would_refuse_at_its_start_is_refused_by_check(string section, string value, string rule, string fragment)
    {
        var problem = Assert.Single(Given.Loaded(WithSection(section, value)).Problems);

        Assert.Equal((rule, false), (problem.Rule, problem.IsWarning));
        Assert.Contains(fragment, problem.Message, StringComparison.Ordinal);
        Assert.True(problem.Line > 1, problem.ToString());
    }

    [Theory]
    [InlineData("Kestrel", "{'Endpoints':{'a':{'Url':'http://*:8080'},'b':{'Url':'http://[::1]:0'},'c':{'Url':'http://unix:/run/gateway.sock'}}}")]
    [InlineData("Kestrel", "{'Limits':{'MaxConcurrentConnections':100}}")]
    [InlineData("Logging", "{'LogLevel':{'Default':'warning','Gateway.Audit':'None'},'Console':{'FormatterName':'simple'}}")]
    public void What_the_framework_takes_is_not_refused(string section, string value) =>
        Assert.Empty(Given.Loaded(WithSection(section, value)).Problems);

    [Theory]
    [InlineData("Secret", "['" + Secret + "']")]
    [InlineData("secret", "['" + Secret + "']")]
    [InlineData("Scret", "{'a':'" + Secret + "'}")]
    [InlineData("Secrets", "8261826182618261")]
    [InlineData("Secret", "8261826182618261")]
    public void No_message_shows_a_secret_however_it_is_misspelt_and_mistyped(string key, string value)
    {
        var problems = Given.Loaded(Given.Changed($"A:Client={{'Id':'gw','Authentication':'client_secret_basic','{key}':{value}}}")).Problems;

        Assert.Contains(problems, problem => problem.Rule == "type");
        Assert.DoesNotContain(problems, problem => problem.Message.Contains("8261", StringComparison.Ordinal));
    }

    private static LoadedConfiguration Of(byte[] file) => ConfigurationLoader.Load(file, new ConfigurationInput { Path = "gateway.json" });

    private static string WithSection(string section, string value) => Given.Changed($"$:{section}={value}");
}
