using System.Text.Json;
using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>An HTTP answer, read whole.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Challenge">The <c>WWW-Authenticate</c> header, or null.</param>
/// <param name="Json">The body as a JSON object, or null when it is none.</param>
/// <param name="Body">The body as text.</param>
internal sealed record Answer(int Status, string? Challenge, JsonObject? Json, string Body)
{
    /// <summary>The gateway's stable reason of a refusal.</summary>
    public string? Reason => Text("reason");

    public static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        JsonObject? json = null;
        try
        {
            json = response.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(body) as JsonObject : null;
        }
        catch (JsonException)
        {
            // What claims to be JSON and is not stays text.
        }

        var challenge = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values.ToString() : null;
        return new Answer((int)response.StatusCode, challenge, json, body);
    }

    /// <summary>A member of the body that is a string, or null.</summary>
    public string? Text(string member) => Json?[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>A parameter of the challenge, or null.</summary>
    public string? ChallengeParameter(string name)
    {
        var parameter = name + "=\"";
        if (Challenge is null || Challenge.IndexOf(parameter, StringComparison.Ordinal) is not (>= 0 and var at))
        {
            return null;
        }

        var value = Challenge[(at + parameter.Length)..];
        return value[..value.IndexOf('"')];
    }

    /// <summary>Shows the status and the reason; unless <paramref name="brief"/>, challenge and body, too.</summary>
    public void Show(Terminal terminal, bool brief = false)
    {
        terminal.Received(Reason is null ? $"{Status}" : $"{Status}  {Reason}");
        if (brief)
        {
            return;
        }

        if (Challenge is not null)
        {
            terminal.Detail($"WWW-Authenticate: {Challenge}");
        }

        if (Body.Length > 0)
        {
            terminal.Detail(Body.Trim());
        }
    }
}
