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

    public static ImmutableArray<string> Of(IReadOnlyList<string> arguments, IDictionary environment)
    {
        if (Find("urls") is { } urls)
        {
            return Parts(urls);
        }

        string[] ports = [.. Ports("http"), .. Ports("https")];
        return ports.Length > 0 ? [.. ports] : [Default];

        IEnumerable<string> Ports(string scheme) => Find(scheme + "_ports") is { } found ? Parts(found).Select(port => $"{scheme}://*:{port}") : [];

        string? Find(string name) => OfArguments(arguments, name) ?? Variable("ASPNETCORE_" + name) ?? Variable("DOTNET_" + name);

        string? Variable(string name) => (from DictionaryEntry variable in environment
                                          where ((string)variable.Key).Equals(name, StringComparison.OrdinalIgnoreCase)
                                          select variable.Value as string).FirstOrDefault(value => value is { Length: > 0 });
    }

    private static string? OfArguments(IReadOnlyList<string> arguments, string name)
    {
        string? value = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var option = arguments[i];
            if (option.StartsWith($"--{name}=", StringComparison.Ordinal))
            {
                value = option[(name.Length + 3)..];
            }
            else if (option == "--" + name && i + 1 < arguments.Count)
            {
                value = arguments[++i];
            }
        }

        return value;
    }

    private static ImmutableArray<string> Parts(string value) =>
        [.. value.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
