using System.CommandLine;
using Gateway.Observe;
using TokenExchange.Issuers;

namespace Gateway.Commands;

/// <summary><c>health</c>: a probe for images without a shell.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Command Create(TextWriter output, TextWriter errors)
    {
        var url = new Option<string>("--url") { Description = "What to ask, for example http://127.0.0.1:8080/healthz/ready.", HelpName = "url", Required = true };
        url.Validators.Add(result =>
        {
            if (result.Tokens is not [var token] || !Uri.TryCreate(token.Value, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                result.AddError("--url must be an absolute http or https URL.");
            }
        });
        var command = new Command("health", "Asks a health endpoint; exits 0 when it answers 2xx.");
        command.Options.Add(url);
        command.SetAction((parsed, cancellation) => AskAsync(new Uri(parsed.GetValue(url)!), output, errors, cancellation));
        return command;
    }

    private static async Task<int> AskAsync(Uri url, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = Patience };
        handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy();
        using var client = new HttpMessageInvoker(handler);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            using var response = await client.SendAsync(request, patience.Token);
            await output.WriteLineAsync($"{(int)response.StatusCode}");
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            await errors.WriteLineAsync(error is HttpRequestException ? $"No answer: {Fault.Told(error)}" : "No answer in time.");
            return 1;
        }
    }
}
