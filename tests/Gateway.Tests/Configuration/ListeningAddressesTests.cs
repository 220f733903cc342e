using System.Collections;
using Gateway.Commands;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Where the gateway listens is known before it does, from wherever the framework would take it.</summary>
public sealed class ListeningAddressesTests
{
    [Theory]
    [InlineData("", "", "http://127.0.0.1:8080")]
    [InlineData("--urls=http://127.0.0.1:1;http://127.0.0.1:2", "", "http://127.0.0.1:1 http://127.0.0.1:2")]
    [InlineData("--urls http://127.0.0.1:1", "ASPNETCORE_URLS=http://127.0.0.1:3", "http://127.0.0.1:1")]
    [InlineData("--http_ports=81;82", "", "http://*:81 http://*:82")]
    [InlineData("--https_ports=83 --http_ports=81", "", "http://*:81 https://*:83")]
    [InlineData("--urls=http://[::1]:1 --http_ports=81", "", "http://[::1]:1")]
    [InlineData("", "ASPNETCORE_HTTP_PORTS=8081", "http://*:8081")]
    [InlineData("", "DOTNET_URLS=http://127.0.0.1:4 aspnetcore_urls=http://127.0.0.1:3", "http://127.0.0.1:3")]
    [InlineData("--Gateway:PublicUrl=http://127.0.0.1:9", "URLS=http://127.0.0.1:4", "http://127.0.0.1:8080")]
    public void The_addresses_are_those_that_the_framework_would_take(string arguments, string environment, string expected)
    {
        var variables = new Hashtable();
        foreach (var variable in environment.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            variables.Add(variable.Split('=', 2)[0], variable.Split('=', 2)[1]);
        }

        Assert.Equal(expected.Split(' '), ListeningAddresses.Of(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), variables));
    }

    [Fact]
    public async Task Check_knows_the_addresses_of_the_command_line_as_run_does()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-listening-");
        var file = Path.Combine(directory.FullName, "gateway.json");
        await File.WriteAllTextAsync(file, Given.Changed("W:Destinations=['http://127.0.0.1:8088/mcp']"), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("destination-own", await CheckAsync(file), StringComparison.Ordinal);
        Assert.Contains("destination-own", await CheckAsync(file, "--urls", "http://127.0.0.1:8088"), StringComparison.Ordinal);
        Assert.Contains("destination-own", await CheckAsync(file, "--http_ports=8088"), StringComparison.Ordinal);
        directory.Delete(recursive: true);
    }

    private static async Task<string> CheckAsync(string file, params string[] options)
    {
        using var output = new StringWriter();
        await new CommandLine(output, output).RunAsync(["check", "--config", file, .. options]);
        return output.ToString();
    }
}
