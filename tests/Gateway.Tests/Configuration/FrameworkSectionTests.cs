using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>The sections that are ASP.NET Core's: what it would pass over in silence is an error here too.</summary>
public sealed class FrameworkSectionTests
{
    [Theory]
    [InlineData("Kestrel", "{'Limits':{'MaxConcurentConnections':100}}", "Kestrel:Limits:MaxConcurentConnections", "did you mean 'MaxConcurrentConnections'?")]
    [InlineData("Kestrel", "{'Limitz':{}}", "Kestrel:Limitz", "did you mean 'Limits'?")]
    [InlineData("Kestrel", "{'limits':{}}", "Kestrel:limits", "did you mean 'Limits'?")]
    [InlineData("Kestrel", "{'Limits':{'Http2':{'MaxStreamPerConnection':1}}}", "Kestrel:Limits:Http2:MaxStreamPerConnection", "did you mean 'MaxStreamsPerConnection'?")]
    [InlineData("Kestrel", "{'Limits':{'MaxRequestBodySize':1}}", "Kestrel:Limits:MaxRequestBodySize", "write MaxRequestBody of the server.")]
    [InlineData("Kestrel", "{'Endpoints':{'a':{'Url':'http://*:1','Protocol':'Http1'}}}", "Kestrel:Endpoints:a:Protocol", "did you mean 'Protocols'?")]
    [InlineData("Kestrel", "{'Endpoints':{'a':{'Url':'http://*:1','ClientCertificate':'RequireCertificate'}}}", "Kestrel:Endpoints:a:ClientCertificate", "is not a key here")]
    [InlineData("Kestrel", "{'Certificates':{'Default':{'Pth':'x'}}}", "Kestrel:Certificates:Default:Pth", "did you mean 'Path'?")]
    [InlineData("Kestrel", "{'EndpointDefault':{}}", "Kestrel:EndpointDefault", "did you mean 'EndpointDefaults'?")]
    [InlineData("Logging", "{'LogLevl':{'Default':'Warning'}}", "Logging:LogLevl", "did you mean 'LogLevel'?")]
    [InlineData("Logging", "{'Default':'Warning'}", "Logging:Default", "known are LogLevel")]
    [InlineData("Logging", "{'Console':{'FormaterName':'json'}}", "Logging:Console:FormaterName", "did you mean 'FormatterName'?")]
    [InlineData("Logging", "{'console':{'Color':true}}", "Logging:console:Color", "known are LogLevel")]
    [InlineData("Logging", "{'Console':{'FormatterOptions':{'TimestampFromat':'s'}}}", "Logging:Console:FormatterOptions:TimestampFromat", "did you mean 'TimestampFormat'?")]
    public void An_unknown_key_is_an_error_that_names_the_nearest(string section, string value, string key, string fragment)
    {
        var problem = Assert.Single(Given.Loaded(With(section, value)).Problems, problem => problem.Rule != "file-missing");

        Assert.Equal(("unknown-key", key, false), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.Contains(fragment, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'Endpoints':{'a':{'Url':'http://*:1','ClientCertificateMode':'RequireCertficate'}}}", "did you mean 'RequireCertificate'?")]
    [InlineData("{'Endpoints':{'a':{'Url':'http://*:1','Protocols':'Http3'}}}", "must be one of Http1,")]
    [InlineData("{'EndpointDefaults':{'SslProtocols':['Tls']}}", "must be one of Tls12, Tls13")]
    [InlineData("{'Limits':{'MaxConcurrentConnections':'100'}}", "a whole number without quotes")]
    [InlineData("{'Limits':{'KeepAliveTimeout':90}}", "perhaps \"00:01:30\"")]
    [InlineData("{'Limits':[]}", "an object")]
    [InlineData("{'Limits':{'MinRequestBodyDataRate':{'BytesPerSecond':1e400}}}", "a number")]
    public void A_value_that_Kestrel_would_pass_over_is_an_error(string value, string fragment)
    {
        var problem = Assert.Single(Given.Loaded(With("Kestrel", value)).Problems);

        Assert.Equal(("type", false), (problem.Rule, problem.IsWarning));
        Assert.Contains(fragment, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'MaxConcurrentConnections':0}", "Kestrel:Limits:MaxConcurrentConnections")]
    [InlineData("{'RequestHeadersTimeout':'00:00:00'}", "Kestrel:Limits:RequestHeadersTimeout")]
    [InlineData("{'MinRequestBodyDataRate':{'GracePeriod':'00:00:00'}}", "Kestrel:Limits:MinRequestBodyDataRate")]
    [InlineData("{'Http2':{'MaxFrameSize':1}}", "Kestrel:Limits:Http2:MaxFrameSize")]
    [InlineData("{'MaxRequestBufferSize':4096}", "Kestrel:Limits:MaxRequestBufferSize")]
    public void A_limit_that_Kestrel_refuses_at_its_start_is_refused_by_check(string limits, string key)
    {
        var problem = Assert.Single(Given.Loaded(With("Kestrel", $"{{'Limits':{limits}}}")).Problems);

        Assert.Equal(("size", key, false), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.DoesNotContain("Parameter", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Kestrel", "{'Endpoints':{'a':{'Url':'http://*:1','Protocols':'Http1AndHttp2','SslProtocols':['Tls12','Tls13'],'ClientCertificateMode':'AllowCertificate','Certificate':{'Path':'a.pfx','Password':'x'},'Sni':{'*.example.com':{'Certificate':{'Subject':'a','Store':'My','Location':'LocalMachine','AllowInvalid':true}}}}}}")]
    [InlineData("Kestrel", "{'Certificates':{'Default':{'Path':'tls.crt','KeyPath':'tls.key'}},'EndpointDefaults':{'Protocols':'Http2'},'Limits':null}")]
    [InlineData("Kestrel", "{'Limits':{'MaxConcurrentConnections':100,'KeepAliveTimeout':'00:01:00','MinResponseDataRate':{'BytesPerSecond':100.5},'Http2':{'KeepAlivePingDelay':'00:00:30'}}}")]
    [InlineData("Logging", "{'LogLevel':{'Default':'Warning','Any.Category':'Debug'},'Console':{'LogLevel':{'Default':'Error'},'FormatterName':'json','FormatterOptions':{'SingleLine':true}},'ApplicationInsights':{'LogLevel':{'Default':'Error'}}}")]
    public void What_the_framework_understands_is_not_complained_of(string section, string value) =>
        Assert.All(Given.Loaded(With(section, value)).Problems, problem => Assert.Equal("file-missing", problem.Rule));

    [Theory]
    [InlineData("{'LogLevel':'Debug'}", "log-level", "Logging:LogLevel", "write a level for each category")]
    [InlineData("{'Console':{'logLevel':['Debug']}}", "log-level", "Logging:Console:logLevel", "write a level for each category")]
    [InlineData("{'Console':{'LogToStandardErrorThreshold':'Err'}}", "type", "Logging:Console:LogToStandardErrorThreshold", "'Err'")]
    [InlineData("{'Console':{'QueueFullMode':'Block'}}", "type", "Logging:Console:QueueFullMode", "'Block'")]
    [InlineData("{'Console':{'MaxQueueLength':0}}", "type", "Logging:Console:MaxQueueLength", "larger than zero")]
    [InlineData("{'console':{'DisableColors':'yes'}}", "type", "Logging:console:DisableColors", "'yes'")]
    [InlineData("{'Console':{'FormatterName':'Jason'}}", "type", "Logging:Console:FormatterName", "write one of gateway, simple, systemd, json")]
    [InlineData("{'Console':{'FormatterOptions':{'ColorBehavior':'Off'}}}", "type", "Logging:Console:FormatterOptions", "'Off'")]
    [InlineData("{'Console':{'FormatterOptions':{'TimestampFormat':'%'}}}", "type", "Logging:Console:FormatterOptions", "ASP.NET Core does not take this")]
    [InlineData("{'CaptureScopes':'maybe'}", "type", "Logging:CaptureScopes", "'maybe'")]
    public void What_the_loggers_would_pass_over_or_refuse_at_their_start_is_refused_by_check(string value, string rule, string key, string fragment)
    {
        var problem = Assert.Single(Given.Loaded(With("Logging", value)).Problems);

        Assert.Equal((rule, key, false), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.Contains(fragment, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://mcp.example.com")]
    [InlineData("mcp.example.com:8080")]
    [InlineData("mcp.example.com,mcp.example.org")]
    [InlineData("mcp.example.com;*example.com")]
    public void A_host_that_no_request_can_have_is_refused_by_check(string hosts) =>
        Assert.Equal(["allowed-hosts"], Given.Loaded(With("AllowedHosts", $"'{hosts}'")).Problems.Select(problem => problem.Rule));

    [Theory]
    [InlineData("mcp.example.com;*.example.org;127.0.0.1;[::1]")]
    [InlineData("*")]
    [InlineData("")]
    public void Hosts_that_requests_can_have_are_taken(string hosts) =>
        Assert.Empty(Given.Loaded(With("AllowedHosts", $"'{hosts}'")).Problems);

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e400")]
    public void An_override_that_is_no_number_is_an_error(string value) =>
        Assert.Equal("type", Assert.Single(Given.Loaded(Given.Good, Given.Option("Kestrel:Limits:MinResponseDataRate:BytesPerSecond", value)).Problems).Rule);

    [Fact]
    public void A_password_of_the_wrong_type_is_not_repeated() =>
        Assert.DoesNotContain("4711", Assert.Single(Given.Loaded(With("Kestrel", "{'Certificates':{'Default':{'Password':4711}}}")).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void An_override_of_an_unknown_key_is_an_error_too()
    {
        var problem = Assert.Single(Given.Loaded(Given.Good, Given.Option("Kestrel:Limits:MaxConections", "1")).Problems);

        Assert.Equal(("unknown-key", "option --Kestrel:Limits:MaxConections"), (problem.Rule, problem.Source));
    }

    [Fact]
    public void Limits_that_are_given_hold_and_the_others_are_those_said_on_purpose()
    {
        var limits = new KestrelServerLimits();
        Given.Loaded(Given.Good, Given.Option("kestrel:limits:maxconcurrentconnections", "7"), Given.Option("Kestrel:Limits:RequestHeadersTimeout", "00:00:03")).Limits.Apply(limits);

        Assert.Equal((7, TimeSpan.FromSeconds(3)), (limits.MaxConcurrentConnections, limits.RequestHeadersTimeout));
        Assert.Equal((8 * 1024, 32 * 1024, 100), (limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize, limits.MaxRequestHeaderCount));
        Assert.Equal((240, TimeSpan.FromSeconds(5)), (limits.MinRequestBodyDataRate!.BytesPerSecond, limits.MinResponseDataRate!.GracePeriod));
    }

    private static string With(string section, string value) => Given.Changed($"$:{section}={value}");
}
