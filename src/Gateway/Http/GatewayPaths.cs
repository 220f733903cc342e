namespace Gateway.Http;

/// <summary>
/// The paths at which the gateway answers, and everything below them. They are no MCP server's, of one at the root neither: what
/// stands there speaks for the whole origin, to clients that look for an issuer, and to probes.
/// </summary>
internal static class GatewayPaths
{
    public const string WellKnown = "/.well-known";

    public static readonly string[] Own = [WellKnown, "/healthz", "/backchannel-logout", "/security-events", "/oauth"];

    /// <summary>Whether a path is another one or, segment by segment, below it; case ignored, as routing does.</summary>
    public static bool IsAtOrBelow(ReadOnlySpan<char> path, ReadOnlySpan<char> above) =>
        above is "/"
        || (path.StartsWith(above, StringComparison.OrdinalIgnoreCase) && (path.Length == above.Length || path[above.Length] == '/'));
}
