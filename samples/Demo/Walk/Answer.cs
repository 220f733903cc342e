using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>An HTTP answer, read whole.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Challenge">The <c>WWW-Authenticate</c> header, or null.</param>
/// <param name="Json">The body as a JSON object, or null when it is none.</param>
/// <param name="Body">The body as text; of a stream of events, the data of the first.</param>
/// <param name="MediaType">The media type, or null.</param>
internal sealed record Answer(int Status, string? Challenge, JsonObject? Json, string Body, string? MediaType = null)
{
    // More than an answer to a first message ever is.
    private const int MostOfStream = 64 * 1024;

    /// <summary>The gateway's stable reason of a refusal.</summary>
    public string? Reason => Text("reason");

    /// <summary>Whether it is a JSON-RPC response: a result, or an error that whoever speaks MCP gave.</summary>
    public bool IsMcp => Text("jsonrpc") == "2.0" && (Json!.ContainsKey("result") || Json.ContainsKey("error"));

    public static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        var body = type == "text/event-stream" ? await FirstEventAsync(response, cancellationToken) : await response.Content.ReadAsStringAsync(cancellationToken);
        JsonObject? json = null;
        try
        {
            json = type is "application/json" or "text/event-stream" ? JsonNode.Parse(body) as JsonObject : null;
        }
        catch (JsonException)
        {
            // What claims to be JSON and is not stays text.
        }

        var challenge = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values.ToString() : null;
        return new Answer((int)response.StatusCode, challenge, json, body, type);
    }

    /// <summary>The data of the first event that has any: the stream itself may stay open.</summary>
    private static async Task<string> FirstEventAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Loopback.Patience);
        await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
        using var reader = new StreamReader(stream);
        var data = new StringBuilder();
        try
        {
            while (data.Length < MostOfStream && await reader.ReadLineAsync(patience.Token) is { } line && (line.Length > 0 || data.Length == 0))
            {
                data.Append(line.StartsWith("data:", StringComparison.Ordinal) ? line.AsSpan("data:".Length).Trim() : "");
            }
        }
        catch (Exception end) when (end is IOException || (end is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // What came before it broke off, or fell silent, is the answer.
        }

        return data.ToString();
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
