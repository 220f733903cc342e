using System.Text.Json;
using System.Text.Json.Nodes;
using Demo.Walk;

namespace Demo;

/// <summary>Shows each call that arrives while the demo stays up: what came of it, and the claims of both its hops.</summary>
internal sealed class PastedCalls(Stage stage, Terminal terminal)
{
    private static readonly string[] Shown = ["iss", "aud", "sub", "client_id", "act", "scope"];

    /// <summary>Ends, without an error, when the user has seen enough.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Show(await stage.Audit.NextAsync(cancellationToken));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl+C.
        }
    }

    private void Show(string line)
    {
        JsonNode call;
        try
        {
            call = JsonNode.Parse(line)!;
        }
        catch (JsonException)
        {
            return;
        }

        string? Text(string name) => call[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        terminal.Sent($"/{Text("server")}  {Text("method")} {Text("operation")}".TrimEnd());
        terminal.Received($"{call["status"]}  {Text("reason")}".TrimEnd());
        Claims("inbound:  ", Text("token_id"));
        Claims("outbound: ", Text("outbound_token_id"));
        if (Text("outbound_token_id") is null)
        {
            terminal.Detail("outbound: nothing was sent");
        }

        terminal.Blank();
    }

    private void Claims(string hop, string? id)
    {
        if (stage.AuthorizationServer.Issued.Of(id) is { } payload)
        {
            var claims = new Claims(payload);
            terminal.Detail(hop + string.Join(' ', Shown.Where(name => payload[name] is not null).Select(name => $"{name}={claims[name]}")) + $" lifetime={claims.Lifetime.TotalSeconds:0}s");
        }
    }
}
