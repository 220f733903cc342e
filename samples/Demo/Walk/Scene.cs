using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>What the steps share: the stage, a client of HTTP, and the tokens that earlier steps came by.</summary>
internal sealed class Scene : IDisposable
{
    private readonly HttpClient _http;
    private int _callsAtTheGateway;

    public Scene(Stage stage)
    {
        Stage = stage;
        _http = CreateClient();
        Users = new UserTokens(stage, _http);
    }

    public Stage Stage { get; }

    public UserTokens Users { get; }

    /// <summary>What alice's client sends to the gateway; set by the first step.</summary>
    public string WeatherToken { get => field ?? throw new StepBrokenException("it needs the first step's token for weather."); set; }

    /// <summary>What alice's client sends to the gateway; set by the first step.</summary>
    public string NotesToken { get => field ?? throw new StepBrokenException("it needs the first step's token for notes."); set; }

    /// <summary>A client whose requests to servers of the gateway are counted, to tell how many audit lines will follow.</summary>
    public HttpClient CreateClient(Action<string, HttpResponseMessage>? seen = null) =>
        Loopback.CreateClient(inner => new Wire(inner, (request, message, response) =>
        {
            if (request.RequestUri!.AbsoluteUri.StartsWith(Stage.PublicUrl, StringComparison.Ordinal) && !request.RequestUri.AbsolutePath.StartsWith("/.well-known", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _callsAtTheGateway);
            }

            seen?.Invoke($"{request.Method} {request.RequestUri.AbsolutePath}  {message}", response);
        }));

    public int TakeCallsAtTheGateway() => Interlocked.Exchange(ref _callsAtTheGateway, 0);

    /// <summary>Says hello to a server as every MCP client does, with this token, and shows what went and what came.</summary>
    public async Task<Answer> InitializeAsync(StepReport report, string url, string? token, string tokenName, CancellationToken cancellationToken)
    {
        report.Terminal.Sent($"POST {url}  initialize");
        report.Terminal.Detail(token is null ? "no Authorization header" : $"Authorization: Bearer <{tokenName}>");
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(CurlLines.Initialize, mediaType: new("application/json")) };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        return await SendAsync(report, request, cancellationToken, brief: true);
    }

    /// <summary>Calls a tool with this token, raw, and shows what went and what came.</summary>
    public Task<Answer> CallAsync(StepReport report, string url, string tool, string? token, string tokenName, CancellationToken cancellationToken, string? proof = null, bool brief = false)
    {
        var scheme = proof is null ? "Bearer" : "DPoP";
        var message = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = 1,
            ["method"] = "tools/call",
            ["params"] = new JsonObject { ["name"] = tool, ["arguments"] = tool == "get_forecast" ? new JsonObject { ["city"] = "Oslo" } : [] },
        };
        report.Terminal.Sent($"POST {url}  tools/call {tool}");
        report.Terminal.Detail(token is null ? "no Authorization header" : $"Authorization: {scheme} <{tokenName}>{(proof is null ? "" : ", DPoP: <proof>")}");
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(message.ToJsonString(), mediaType: new("application/json")) };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", UserClient.ProtocolVersion);
        request.Headers.Authorization = token is null ? null : new(scheme, token);
        if (proof is not null)
        {
            request.Headers.Add("DPoP", proof);
        }

        return SendAsync(report, request, cancellationToken, brief);
    }

    /// <summary>Gets a document and shows what came.</summary>
    public Task<Answer> GetAsync(StepReport report, string url, CancellationToken cancellationToken)
    {
        report.Terminal.Sent($"GET {url}");
        return SendAsync(report, new HttpRequestMessage(HttpMethod.Get, url), cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> SendAsync(StepReport report, HttpRequestMessage request, CancellationToken cancellationToken, bool brief = false)
    {
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var answer = await Answer.ReadAsync(response, cancellationToken);
        answer.Show(report.Terminal, brief);
        return answer;
    }
}
