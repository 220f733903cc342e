using System.Text.Json.Nodes;
using Deputy.Peers;
using Deputy.Staging;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Attacks;

/// <summary>What a case has at hand: tokens of every make, a client, and what the peers saw.</summary>
internal sealed class Attack(Stage stage)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public Stage Stage => stage;

    public AuthorizationServer Corp => stage.Issuer("corp");

    public McpServer Mcp(string name = "alpha") => stage.Mcp(name);

    public long Now => stage.Clock.GetUtcNow().ToUnixTimeSeconds();

    public bool Can(string capability) => stage.Target.Capabilities.Contains(capability);

    /// <summary>A perfect access token (RFC 9068) for a server, of a subject of its own.</summary>
    public Forged Token(string server = "alpha", string? issuer = null, string scope = "files:read", string? subject = null)
    {
        var from = stage.Issuer(issuer ?? Stage.IssuerOf(server));
        var owner = Marker.Fresh();
        return new Forged(
            from.Key,
            new JsonObject { ["typ"] = "at+jwt", ["alg"] = from.Key.Algorithm, ["kid"] = from.Key.Kid },
            new JsonObject
            {
                ["iss"] = from.Issuer,
                ["sub"] = subject ?? "u-" + owner,
                ["aud"] = Stage.Resource(server),
                ["client_id"] = "deputy-client",
                ["scope"] = scope,
                ["iat"] = Now - 1,
                ["exp"] = Now + 600,
                ["jti"] = "j-" + owner,
            });
    }

    public Task<Answer> SendAsync(Call call, bool headOnly = false, TimeSpan? patience = null) =>
        RawClient.ExchangeAsync(stage.Port, call.Build(), patience ?? Patience, headOnly);

    public Task<RawClient> ConnectAsync() => ConnectedAsync(RawClient.ConnectAsync(stage.Port));

    /// <summary>The honest call: null when it was answered and the MCP server saw it, else what went wrong.</summary>
    public Task<string?> HonestAsync(string server) => HonestAsync(Call.Tool(server, Token(server).Build()));

    public async Task<string?> HonestAsync(Call call)
    {
        var answer = await SendAsync(call);
        for (var again = 0; again < 3 && answer.Status is (0 or 502 or 503); again++)
        {
            // A hostile MCP server of another case may have broken the connection that this call was on, or the machine is busy:
            // an honest client comes again.
            await Task.Delay(300 * again);
            answer = await SendAsync(call);
        }

        return !answer.IsSuccess ? $"the honest call got {answer.Line}"
            : stage.Saw(call.Marker).Count == 0 ? "the honest call was answered, but no MCP server saw it"
            : null;
    }

    /// <summary>Held when no MCP server saw the call, nobody was asked about the token, and the client was told no.</summary>
    public Verdict Refused(Call call, Answer answer, Forged? token = null, bool closingIsNo = false)
    {
        var seen = stage.Saw(call.Marker);
        if (seen.Count > 0)
        {
            return Verdict.Broken("The MCP server got the call.", call.Line, Got(answer), Seen(seen[0].Server, seen[0].Request));
        }

        if (token is { Owner.Length: > 0 } && stage.Asked(token.Owner) is [var asked, ..])
        {
            return Verdict.Broken("The authorization server was asked for an exchange.", call.Line, Got(answer), $"seen  by the authorization server: {asked.Line} {Short(asked.Text)}");
        }

        return answer switch
        {
            { IsSuccess: true } => Verdict.Broken("The client was told that all is well.", call.Line, Got(answer), "seen  nothing by any MCP server"),
            { Status: 0 } when !closingIsNo => Verdict.Error("There was no answer at all.", call.Line, Got(answer)),
            { Status: 500 } => Verdict.Error("A fault of the target, not a refusal.", call.Line, Got(answer)),
            _ => Verdict.Held,
        };
    }

    /// <summary>Sends the call and judges by <see cref="Refused"/>.</summary>
    public async Task<Verdict> MustRefuseAsync(Call call, Forged? token = null, bool closingIsNo = false) =>
        Refused(call, await SendAsync(call), token, closingIsNo);

    /// <summary>Sends the same bytes eight times at once: held when an MCP server saw them once.</summary>
    public async Task<Verdict> MustPassOnceAsync(Call call)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(call)));
        var seen = stage.Saw(call.Marker);
        return seen.Count == 0 ? Verdict.Error("None of them arrived.", call.Line, Got(answers[0]))
            : Verdict.BrokenIf(seen.Count > 1, $"{seen.Count} of 8 at once were carried out.", call.Line, $"got   {answers.Count(answer => answer.IsSuccess)} good answers", Seen(seen[^1].Server, seen[^1].Request));
    }

    /// <summary>The one request that an MCP server saw of a call; null when there was none.</summary>
    public ReceivedRequest? Seen(Call call) => stage.Saw(call.Marker) is [var (_, request), ..] ? request : null;

    public static string Got(Answer answer) => "got   " + answer.Line;

    public static string Seen(string server, ReceivedRequest request)
    {
        var token = request.Token is { } text ? $" Authorization: {Encoded.Plain(Encoded.Payload(text)) ?? text}" : "";
        return $"seen  by MCP server {server}: {request.Line}{Short(token)} {Short(request.Text)}";
    }

    public static string Short(string text) => text.ReplaceLineEndings("␤").Replace('\0', '␀') is { Length: > 260 } longer ? longer[..260] + "…" : text.ReplaceLineEndings("␤").Replace('\0', '␀');

    private static async Task<RawClient> ConnectedAsync(Task<RawClient?> connecting) =>
        await connecting ?? throw new IOException("The target refuses connections.");
}
