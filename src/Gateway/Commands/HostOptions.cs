using System.CommandLine;
using System.Globalization;
using Gateway.Configuration.Rules;

namespace Gateway.Commands;

/// <summary>The options that all commands share which read the configuration: the file, and the host's own.</summary>
internal sealed class HostOptions
{
    private readonly Option<string> config = new("--config")
    {
        Description = "The configuration. Default: the variable GATEWAY_CONFIG, else gateway.json in the working directory.",
        HelpName = "path",
    };

    private readonly Option<string>[] host =
    [
        WithCheck(new("--urls") { Description = "The addresses to listen on, separated by semicolons. Default: http://127.0.0.1:8080.", HelpName = "urls" }, IsUrls, "addresses such as http://127.0.0.1:8080"),
        WithCheck(new("--http_ports") { Description = "The ports to listen on at every interface, separated by semicolons.", HelpName = "ports" }, IsPorts, "ports such as 8080"),
        WithCheck(new("--https_ports") { Description = "The same for https.", HelpName = "ports" }, IsPorts, "ports such as 8443"),
        new("--environment") { Description = "The host's environment.", HelpName = "name" },
        new("--contentRoot") { Description = "The host's content root.", HelpName = "directory" },
    ];

    public void AddTo(Command command)
    {
        command.Options.Add(config);
        foreach (var option in host)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The path of gateway.json.</summary>
    public string PathOf(ParseResult parsed) =>
        parsed.GetValue(config)
        ?? (Environment.GetEnvironmentVariable("GATEWAY_CONFIG") is { Length: > 0 } path ? path : "gateway.json");

    /// <summary>The host's own options as the framework reads them, and the overrides: what <c>run</c> would start with.</summary>
    public IReadOnlyList<string> ArgumentsOf(ParseResult parsed, IReadOnlyList<string> overrides) =>
    [
        .. from option in host
           let value = parsed.GetValue(option)
           where value is not null
           select $"{option.Name}={value}",
        .. overrides,
    ];

    private static Option<string> WithCheck(Option<string> option, Func<string, bool> isValid, string wanted)
    {
        option.Validators.Add(result =>
        {
            var value = result.Tokens is [var token, ..] ? token.Value : "";
            if (!isValid(value))
            {
                result.AddError($"{option.Name} is '{value}'; write {wanted}.");
            }
        });
        return option;
    }

    private static bool IsPorts(string value) => value.Split(';').All(port =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 65535);

    private static bool IsUrls(string value) => value.Split(';').All(url => HostRules.AddressOf(url.Trim()) is not null);
}
