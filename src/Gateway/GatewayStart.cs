namespace Gateway;

/// <summary>How a gateway is started inside a process: by its own commands, by the demo, by tests.</summary>
public sealed record GatewayStart
{
    /// <summary>The path of gateway.json.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>Host options and overrides, as on the command line (<c>--urls</c>, <c>--Gateway:PublicUrl</c>).</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Where time comes from.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Whether the process is there for this gateway alone, which then decides on what threads sockets are served.</summary>
    internal bool OwnsProcess { get; init; }

    /// <summary>Changes to the host before it is built, such as another logger.</summary>
    public Action<WebApplicationBuilder>? Configure { get; init; }
}

/// <summary>The gateway cannot start; the message lists every problem.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
