using System.Net;
using System.Net.Http.Headers;

namespace TokenExchange.Issuers;

/// <summary>
/// Fetches public documents of an authorization server: over https (or where http is allowed), without following
/// redirects, within the time limit, at most 1 MiB.
/// </summary>
internal sealed class IssuerDocument(AuthorizationServerSettings settings, HttpMessageInvoker http, TimeProvider clock)
{
    private const int MaxLength = 1024 * 1024;

    /// <summary>What metadata is asked for as.</summary>
    public static readonly string[] Metadata = ["application/json"];

    /// <summary>What keys are asked for as; Kubernetes serves them under the first name alone (RFC 7517 §8.5.2).</summary>
    public static readonly string[] KeySet = ["application/jwk-set+json", "application/json"];

    /// <summary>The bytes, or why there are none.</summary>
    public async Task<FetchedDocument> FetchAsync(Uri address, IEnumerable<string> mediaTypes, CancellationToken cancellationToken)
    {
        if (!IsAllowed(address))
        {
            return Failed(IssuerProblem.Insecure);
        }

        using var limit = new CancellationTokenSource(settings.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            foreach (var mediaType in mediaTypes)
            {
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(mediaType));
            }

            using var response = await http.SendAsync(request, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Failed(OutageCause.Status((int)response.StatusCode)) with { IsAbsent = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone };
            }

            if (response.Content.Headers.ContentLength > MaxLength)
            {
                return Failed(IssuerProblem.TooLarge);
            }

            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            return await ReadAsync(body, either.Token) is { } bytes ? new FetchedDocument(bytes, null) : Failed(IssuerProblem.TooLarge);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            return exception is OperationCanceledException
                ? Failed(OutageCause.Timeout)
                : Failed(OutageCause.Of(exception) ?? OutageCause.Ended, OutageCause.Told(exception));
        }

        FetchedDocument Failed(string cause, string? detail = null) => new(null, new IssuerProblem(address, cause, detail));
    }

    /// <summary>Whether an address may be asked: nothing but https or what http is allowed for, and no credentials in it.</summary>
    public bool IsAllowed(Uri address) => IsAllowed(address, settings);

    /// <summary>
    /// Whether metadata may lead to an address. From https it leads to https alone, unless the issuer itself speaks http on
    /// this machine: whoever can change the document could otherwise choose where tokens and secrets go in the clear.
    /// </summary>
    public bool MayLeadTo(Uri document, Uri address) =>
        IsAllowed(address) && (address.Scheme == Uri.UriSchemeHttps || document.Scheme != Uri.UriSchemeHttps || IsPlainOnThisMachine(settings.Issuer));

    private static bool IsPlainOnThisMachine(string issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp && Loopback.Is(url);

    /// <summary>The same for any endpoint of the server with these settings.</summary>
    public static bool IsAllowed(Uri address, AuthorizationServerSettings settings) =>
        address.IsAbsoluteUri && address.UserInfo.Length == 0 && address.Fragment.Length == 0 &&
        (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && (settings.AllowHttp || Loopback.Is(address))));

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        const int FirstRead = 16 * 1024;
        var buffer = new byte[FirstRead];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > MaxLength)
                {
                    return null;
                }

                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, MaxLength + 1));
            }

            var read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return length <= MaxLength ? buffer[..length] : null;
            }

            length += read;
        }
    }
}

/// <summary>A document, or why there is none.</summary>
internal readonly record struct FetchedDocument(byte[]? Bytes, IssuerProblem? Problem)
{
    /// <summary>Whether the server's word is that it has none.</summary>
    public bool IsAbsent { get; init; }
}
