using System.Collections;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed class OverrideTests
{
    [Theory]
    [InlineData("Gateway:PublicUrl")]
    [InlineData("gateway:publicurl")]
    [InlineData("GATEWAY:PUBLICURL")]
    public void Keys_are_found_in_any_case(string key)
    {
        var loaded = Given.Loaded(Given.Good, Given.Option(key, "https://other.example.com"));

        Assert.Empty(loaded.Problems);
        Assert.Equal("https://other.example.com", loaded.Options!.PublicUrl);
    }

    [Fact]
    public void Names_of_the_file_are_found_in_any_case_and_elements_by_their_place()
    {
        var loaded = Given.Loaded(Given.Good, Given.Option("Gateway:Servers:WEATHER:Destinations:0", "http://elsewhere:1/mcp"));

        Assert.Equal(["http://elsewhere:1/mcp"], loaded.Options!.Servers["weather"].Destinations);
        Assert.Equal(2, loaded.Options.Servers.Count);
    }

    [Fact]
    public void An_element_can_be_added_at_the_end_of_a_list()
    {
        var loaded = Given.Loaded(Given.Good, Given.Option("Gateway:Servers:weather:Destinations:1", "http://second:1/mcp"));

        Assert.Equal(2, loaded.Options!.Servers["weather"].Destinations!.Count);
    }

    [Fact]
    public void A_gap_in_a_list_is_refused()
    {
        var problem = Given.Loaded(Given.Good, Given.Option("Gateway:Servers:weather:Destinations:2", "http://third:1/mcp")).Problems[0];

        Assert.Equal(("type", "option --Gateway:Servers:weather:Destinations:2"), (problem.Rule, problem.Source));
    }

    [Fact]
    public void Numbers_booleans_and_durations_are_read_from_text()
    {
        var loaded = Given.Loaded(
            Given.Good,
            Given.Option("Gateway:Cache:Capacity", "1000"),
            Given.Option("Gateway:Servers:weather:FilterLists", "True"),
            Given.Option("Gateway:DrainDelay", "00:00:07"));

        Assert.Empty(loaded.Problems);
        Assert.Equal(1000, loaded.Options!.Cache.Capacity);
        Assert.True(loaded.Options.Servers["weather"].FilterLists);
        Assert.Equal(TimeSpan.FromSeconds(7), loaded.Options.DrainDelay);
    }

    [Theory]
    [InlineData("Gateway:PublicUr", "https://x", "unknown-key")]
    [InlineData("Gateway:Cache:Capacity", "many", "type")]
    [InlineData("Gateway:Cache:Capacity", "", "type")]
    [InlineData("Gateway:DrainDelay", "7", "type")]
    [InlineData("Gateway:Servers:weather:AllowedClients", "", "type")]
    [InlineData("Gateway:Servers:weather:FilterLists", "yes", "type")]
    [InlineData("Gateway:Servers:weather", "x", "type")]
    public void What_does_not_fit_is_refused_and_names_its_source(string key, string value, string rule)
    {
        var problem = Given.Loaded(Given.Good, Given.Option(key, value)).Problems[0];

        Assert.Equal((rule, $"option --{key}", 0), (problem.Rule, problem.Source, problem.Line));
    }

    [Fact]
    public void The_environment_overrides_the_dotnet_way_and_other_variables_are_not_ours()
    {
        var found = ConfigurationOverride.FromEnvironment(new Hashtable
        {
            ["Gateway__PublicUrl"] = "https://x",
            ["Logging__LogLevel__Default"] = "Warning",
            ["GATEWAY_CONFIG"] = "gateway.json",
            ["GATEWAY_PORT"] = "tcp://10.0.0.1:80",
            ["GATEWAY_SERVICE_HOST"] = "10.0.0.1",
            ["ASPNETCORE_URLS"] = "http://+:80",
            ["DOTNET_RUNNING_IN_CONTAINER"] = "true",
            ["GatewayName"] = "x",
        });

        Assert.Equal(["Gateway:PublicUrl", "Logging:LogLevel:Default"], found.Select(change => change.Key));
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_the_last_one_over_those_before()
    {
        var overrides = ConfigurationOverride.FromEnvironment(new Hashtable { ["Gateway__DrainDelay"] = "00:00:01" })
            .Concat(ConfigurationOverride.FromArguments(["--urls", "http://x", "--Gateway:DrainDelay=00:00:02", "--Gateway:DrainDelay", "00:00:03"]));

        Assert.Equal(TimeSpan.FromSeconds(3), Given.Loaded(Given.Good, [.. overrides]).Options!.DrainDelay);
    }

    [Fact]
    public void Host_sections_are_overridden_too()
    {
        var loaded = Given.Loaded(Given.Good, Given.Option("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:1"), Given.Option("AllowedHosts", "a"));

        Assert.Empty(loaded.Problems);
        Assert.Equal("http://127.0.0.1:1", loaded.Host["Kestrel"]!["Endpoints"]!["Http"]!["Url"]!.GetValue<string>());
        Assert.Equal("a", loaded.Host["AllowedHosts"]!.GetValue<string>());
    }
}
