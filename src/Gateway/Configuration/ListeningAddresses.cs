using System.Collections;
using System.Collections.Immutable;

namespace Gateway.Configuration;

/// <summary>
/// Where the gateway listens when <c>Kestrel:Endpoints</c> says nothing, from the command line and the environment, in the
/// framework's order: a command line before <c>ASPNETCORE_…</c> before <c>DOTNET_…</c>, addresses before ports.
/// </summary>
internal static class ListeningAddresses
{
    public const string Default = "http://127.0.0.1:8080";

    public static ImmutableArray<string> Of(IReadOnlyList<string> arguments, IDictionary environment) => [.. Said(arguments, environment).Select(said => said.Url)];

    /// <summary>The same, each with the option or the variable that says it; null for the default.</summary>
    public static ImmutableArray<(string? Source, string Url)> Said(IReadOnlyList<string> arguments, IDictionary environment)
    {
        if (Find("urls") is { } urls)
        {
            return [.. Parts(urls.Value).Select(url => ((string?)urls.Source, url))];
        }

        (string?, string)[] ports = [.. Ports("http"), .. Ports("https")];
        return ports.Length > 0 ? [.. ports] : [(null, Default)];

        IEnumerable<(string?, string)> Ports(string scheme) => Find(scheme + "_ports") is { } found ? Parts(found.Value).Select(port => ((string?)found.Source, $"{scheme}://*:{port}")) : [];

        (string Source, string Value)? Find(string name) =>
            GivenOption.All(arguments).LastOrDefault(option => option.Name == name).Value is { } given ? ("--" + name, given) : Variable("ASPNETCORE_" + name) ?? Variable("DOTNET_" + name);

        (string, string)? Variable(string name)
        {
            foreach (DictionaryEntry variable in environment)
            {
                if (((string)variable.Key).Equals(name, StringComparison.OrdinalIgnoreCase) && variable.Value is string { Length: > 0 } value)
                {
                    return ((string)variable.Key, value);
                }
            }

            return null;
        }
    }

    private static ImmutableArray<string> Parts(string value) =>
        [.. value.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
