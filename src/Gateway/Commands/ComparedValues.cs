using System.Globalization;
using System.Text.Json;
using Gateway.Configuration.Options;
using Gateway.Generations;
using Gateway.Management;

namespace Gateway.Commands;

/// <summary>What a token says beside what is accepted: the values that the checks compare, for an operator's eyes. Decides nothing.</summary>
internal static class ComparedValues
{
    /// <summary>Whom the token is for, once its signature was verified, and whom tokens have to be for.</summary>
    public static void PrintAudiences(Explanation explanation, TextWriter output)
    {
        if (explanation.PresentedAudiences is { } presented)
        {
            // Verified, but still somebody else's text on a terminal.
            output.WriteLine($"presented aud: {(presented.IsEmpty ? "(absent)" : Shown.Visible(Shown.Foreign(string.Join(" ", presented))))}");
        }

        output.WriteLine($"accepted aud:  {string.Join(" ", explanation.AcceptedAudiences)}");
    }

    public static void Print(string token, McpServer server, GatewayOptions options, bool verified, TextWriter output)
    {
        if (Shown.PartOf(token, 1) is not { } payload)
        {
            return;
        }

        var trusted = ServerTopology.Of(options).First(topology => topology.Id == server.Id).InboundServers.Select(name => options.AuthorizationServers[name]).ToArray();
        var skew = trusted.FirstOrDefault(issuer => issuer.Issuer == Text(payload, "iss"))?.ClockSkew;
        var now = TimeProvider.System.GetUtcNow();
        output.WriteLine(verified ? "the token says (its signature was verified):" : "the token says (unverified: it was refused before its signature, or at it):");
        Line("iss", Text(payload, "iss"), $"trusted: {string.Join(" ", trusted.Select(issuer => issuer.Issuer))}");
        Line("exp", Time(payload, "exp", now), $"now {now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}{(skew is { } allowed ? $", ClockSkew {allowed:c}" : "")}");
        Line("nbf", Time(payload, "nbf", now), "not later than now");
        Line("iat", Time(payload, "iat", now), "not later than now");
        Line("client", Text(payload, "client_id") ?? Text(payload, "azp") ?? Text(payload, "appid") ?? Text(payload, "cid"), server.Admission.AllowedClients is { } clients ? $"allowed: {string.Join(" ", clients)}" : "any");
        Line("scope", Text(payload, "scope") ?? Text(payload, "scp"), server.Operations.Rules.Required is { Count: > 0 } needed ? $"needed: {needed}" : "none is needed by every request");

        void Line(string name, string? says, string compared) => output.WriteLine($"  {name,-7}{Shown.Visible(Shown.Foreign(says ?? "(absent)", token))}   ({compared})");
    }

    private static string? Text(JsonElement payload, string name)
    {
        try
        {
            return !payload.TryGetProperty(name, out var value) ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Time(JsonElement payload, string name, DateTimeOffset now)
    {
        if (!payload.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var seconds) || Math.Abs(seconds) > 1e11)
        {
            return Text(payload, name);
        }

        var time = DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        var apart = time - now;
        var (far, unit) = apart.Duration() switch
        {
            { TotalDays: >= 2 } days => (days.TotalDays, "days"),
            { TotalHours: >= 2 } hours => (hours.TotalHours, "h"),
            { TotalMinutes: >= 2 } minutes => (minutes.TotalMinutes, "min"),
            var moments => (moments.TotalSeconds, "s"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, {far:0} {unit} {(apart < TimeSpan.Zero ? "ago" : "from now")}");
    }
}
