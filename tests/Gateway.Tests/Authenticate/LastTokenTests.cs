using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Gateway.Authenticate;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests.Authenticate;

/// <summary>A token that a connection brings again is hashed once; whoever else sends on that connection is who his own token says.</summary>
public sealed class LastTokenTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task The_same_token_on_the_same_connection_is_hashed_once_and_another_is_another(HttpProtocols protocol)
    {
        var seen = new List<TokenText>();
        await using var app = await StartAsync(protocol, token =>
        {
            seen.Add(token);
            return Task.CompletedTask;
        });
        string[] tokens = [new('a', 700), new('a', 700), new('b', 700), new('a', 700), new('a', 701), new('a', 701), new('a', 700)];

        using var client = Client();
        foreach (var token in tokens)
        {
            using var request = Request(app.Urls.Single(), protocol, token);
            (await client.SendAsync(request, Cancellation)).Dispose();
        }

        Assert.Equal(tokens, seen.Select(text => text.Characters.ToString()));
        Assert.Equal(tokens.Select(token => (TokenDigest?)TokenDigest.Of(token)), seen.Select(text => text.Digest));
        Assert.Same(seen[0], seen[1]);
        Assert.Same(seen[4], seen[5]);
    }

    [Fact]
    public async Task Requests_that_come_side_by_side_are_known_again_each()
    {
        const int Beside = 8;
        var seen = new ConcurrentQueue<TokenText>();
        TaskCompletionSource? together = null;
        await using var app = await StartAsync(HttpProtocols.Http2, token =>
        {
            seen.Enqueue(token);
            if (seen.Count % Beside == 0)
            {
                together!.TrySetResult();
            }

            return together!.Task;
        });

        using var client = Client();
        for (var turn = 0; turn < 3; turn++)
        {
            together = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await Task.WhenAll(Enumerable.Range(0, Beside).Select(async _ =>
            {
                using var request = Request(app.Urls.Single(), HttpProtocols.Http2, new('a', 700));
                (await client.SendAsync(request, Cancellation)).Dispose();
            }));
        }

        Assert.Equal(3 * Beside, seen.Count);
        Assert.Equal(Beside, seen.Distinct().Count());
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Callers_who_share_a_connection_are_each_who_their_own_token_says(HttpProtocols protocol)
    {
        await using var world = await World.StartAsync(configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = protocol.ToString());
        var people = Enumerable.Range(0, 5).Select(number => $"user-{number}").ToDictionary(name => name, name => world.WeatherToken((_, payload) => payload["sub"] = name));
        people["of-notes"] = world.As.Token(World.NotesResource);
        people["forged"] = people["user-1"][..^4] + (people["user-1"].EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA");

        // Behind a proxy many share one connection, side by side where it has HTTP/2.
        using var client = Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 280).Select(async number =>
        {
            var (name, token) = people.ElementAt(number * 5 % people.Count);
            using var request = Request(world.Gateway.Url + "/weather", protocol, token);
            request.Method = HttpMethod.Post;
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue(name, null));
            request.Content = new StringContent(Messages.Call("echo"), new MediaTypeHeaderValue("application/json"));
            using var response = await client.SendAsync(request, Cancellation);
            return (Name: name, response.StatusCode);
        }));

        Assert.All(answers, answer => Assert.Equal(answer.Name.StartsWith("user-", StringComparison.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode));
        Assert.All(world.Gateway.Audit.Where(line => (int)line["status"]! == 200), line => Assert.Equal((string?)line["user_agent"], (string?)line["subject"]));
        Assert.Equal(200, world.Weather.Requests.Count);
    }

    /// <summary>A server that shows every token as it is known there, and answers when that was taken.</summary>
    private static async Task<WebApplication> StartAsync(HttpProtocols protocol, Func<TokenText, Task> take)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            endpoint.Protocols = protocol;
            endpoint.Use(next => connection =>
            {
                LastToken.On(connection);
                return next(connection);
            });
        }));
        var app = builder.Build();
        app.Run(context => take(LastToken.Of(context, context.Request.Headers.Authorization[0].AsMemory("Bearer ".Length))));
        await app.StartAsync(Cancellation);
        return app;
    }

    private static HttpMessageInvoker Client() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = 1,
        EnableMultipleHttp2Connections = false,
    });

    private static HttpRequestMessage Request(string url, HttpProtocols protocol, string token) => new(HttpMethod.Get, url)
    {
        Version = protocol == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };
}
