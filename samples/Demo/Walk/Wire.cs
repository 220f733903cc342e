using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>Watches a client's wire: each request with the JSON-RPC method in it, and the answer's head.</summary>
internal sealed class Wire(HttpMessageHandler inner, Action<HttpRequestMessage, string, HttpResponseMessage> seen) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var message = request.Content?.Headers.ContentType?.MediaType == "application/json"
            ? Method(await request.Content.ReadAsStringAsync(cancellationToken))
            : "";
        var response = await base.SendAsync(request, cancellationToken);
        seen(request, message, response);
        return response;
    }

    private static string Method(string body)
    {
        var message = JsonNode.Parse(body);
        return $"{message?["method"]} {message?["params"]?["name"]}".Trim();
    }
}
