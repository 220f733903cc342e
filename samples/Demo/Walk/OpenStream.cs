namespace Demo.Walk;

/// <summary>An event stream that a client listens on until somebody else ends it.</summary>
internal sealed class OpenStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly Task<string> _reading;

    private OpenStream(HttpResponseMessage response, Task<string> reading)
    {
        _response = response;
        _reading = reading;
    }

    public int Status => (int)_response.StatusCode;

    /// <summary>Whether it has not ended.</summary>
    public bool IsOpen => !_reading.IsCompleted;

    /// <summary>Opens the stream on which an MCP server speaks first.</summary>
    public static async Task<OpenStream> OpenAsync(HttpClient http, string url, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", UserClient.ProtocolVersion);
        request.Headers.Authorization = new("Bearer", token);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return new OpenStream(response, response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Whether it ends in time. It is cut off in the middle of an answer, which is no error here.</summary>
    public async Task<bool> EndsAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await _reading.WaitAsync(patience, cancellationToken);
            return true;
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException)
        {
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose() => _response.Dispose();
}
