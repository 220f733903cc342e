namespace OpenIddictSample;

/// <summary>What the sample is asked to do.</summary>
internal sealed record SampleOptions
{
    public const string Usage = """
        OpenIddict, a real authorization server, FOR DEVELOPMENT ONLY: whoever names a user is that user.

        usage: dotnet run --project samples/OpenIddict [-- options]

          --url URL           its own address                          (http://127.0.0.1:9000)
          --public URL        a server at the gateway: PublicUrl/id     (http://127.0.0.1:8080/files)
          --internal URL      the MCP server behind it                 (http://127.0.0.1:3001/mcp)
          --secret-file FILE  the secret of the client mcp-gateway; made when it is not there   (client-secret)
        """;

    public string Url { get; private init; } = "http://127.0.0.1:9000";

    /// <summary>What users' tokens are minted for.</summary>
    public string Public { get; private init; } = "http://127.0.0.1:8080/files";

    /// <summary>What the gateway's hop tokens are minted for.</summary>
    public string Internal { get; private init; } = "http://127.0.0.1:3001/mcp";

    public string SecretFile { get; private init; } = "client-secret";

    /// <summary>The options, or null where the arguments are not as the usage says.</summary>
    public static SampleOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new SampleOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count)
            {
                return null;
            }

            var value = arguments[i + 1];
            SampleOptions? next = arguments[i] switch
            {
                "--url" => options with { Url = value.TrimEnd('/') },
                "--public" => options with { Public = value },
                "--internal" => options with { Internal = value },
                "--secret-file" => options with { SecretFile = value },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }
}
