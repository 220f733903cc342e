using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenExchange.AspNetCore;
using TokenExchange.Inbound;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>An MCP server on a real socket that protects itself with AddHopToken and with nothing else.</summary>
public sealed class HopServer : IAsyncDisposable
{
    public const string Resource = "https://weather.internal/mcp";

    private readonly ConcurrentQueue<(ValidatedToken Token, string Body)> admitted = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private WebApplication app = null!;

    public string Url { get; private set; } = "";

    /// <summary>What reached the endpoint: the token, and the body as the endpoint reads it.</summary>
    public IReadOnlyList<(ValidatedToken Token, string Body)> Admitted => [.. admitted];

    /// <summary>What else the endpoint says of a request that reached it.</summary>
    public Func<HttpContext, string> Says { get; set; } = _ => "";

    public T Service<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public static async Task<HopServer> StartAsync(string issuer, Action<HopTokenOptions>? change = null, TimeProvider? clock = null)
    {
        var server = new HopServer();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);
        }

        builder.Services.AddAuthorization();
        builder.Services.AddAuthentication().AddHopToken(options =>
        {
            options.Issuer = issuer;
            options.Resource = Resource;
            change?.Invoke(options);
        });
        server.app = builder.Build();
        server.app.Map("/mcp/{**rest}", server.AnswerAsync).RequireAuthorization();
        await server.app.StartAsync();
        server.Url = server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return server;
    }

    /// <summary>Sends a request; the token goes with the scheme Bearer, or DPoP where there are proofs.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? token = null, string? body = null, Action<HttpRequestMessage>? change = null, params string[] proofs)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(proofs.Length > 0 ? "DPoP" : "Bearer", token);
        }

        foreach (var proof in proofs)
        {
            request.Headers.TryAddWithoutValidation("DPoP", proof);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } };
        }

        change?.Invoke(request);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    /// <summary>Calls a tool.</summary>
    public Task<Answer> CallAsync(string? token, string? body = null, params string[] proofs) => SendAsync(HttpMethod.Post, "/mcp", token, body ?? Messages.Call("echo"), null, proofs);

    /// <summary>Calls a tool; the status, and the reason of a refusal.</summary>
    public async Task<string> ReasonAsync(string? token, string? body = null, params string[] proofs)
    {
        var answer = await CallAsync(token, body, proofs);
        return answer.Status == 200 ? "accepted" : $"{answer.Status} {answer.Reason}";
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        admitted.Enqueue((context.GetHopToken()!, await reader.ReadToEndAsync()));
        await context.Response.WriteAsync(Says(context));
    }
}
