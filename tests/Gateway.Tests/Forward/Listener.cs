using System.Net.Http.Headers;
using System.Text;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>A client that reads an answer while it comes.</summary>
public sealed class Listener : IDisposable
{
    private readonly HttpRequestMessage request;
    private readonly StreamReader reader;

    private Listener(HttpRequestMessage request, HttpResponseMessage response, Stream body)
    {
        this.request = request;
        Response = response;
        reader = new StreamReader(body, Encoding.UTF8);
    }

    public HttpResponseMessage Response { get; }

    /// <summary>Opens a stream; the answer's headers are there when it returns, its body need not be.</summary>
    public static async Task<Listener> OpenAsync(World world, HttpMethod method, string path, string token, string? body = null, Action<HttpRequestMessage>? change = null)
    {
        var request = new HttpRequestMessage(method, world.Gateway.Url + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } };
        }

        change?.Invoke(request);
        var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Listener(request, response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next line; null at the end of the stream.</summary>
    public async Task<string?> LineAsync() => await reader.ReadLineAsync(TestContext.Current.CancellationToken);

    /// <summary>Reads to the end of the stream, or to where it breaks off.</summary>
    public async Task EndAsync(StringBuilder? seen = null)
    {
        try
        {
            while (await LineAsync() is { } line)
            {
                seen?.AppendLine(line);
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // An aborted stream has ended too.
        }
    }

    public void Dispose()
    {
        reader.Dispose();
        Response.Dispose();
        request.Dispose();
    }
}
