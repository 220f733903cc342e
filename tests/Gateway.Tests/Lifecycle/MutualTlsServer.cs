using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Gateway.Tests.Lifecycle;

/// <summary>
/// An authorization server over TLS with a certificate of its own authority. Metadata and keys are for everybody; the token
/// endpoint, at another port, demands a client certificate and knows its client by it (RFC 8705 §2).
/// </summary>
internal sealed class MutualTlsServer : IAsyncDisposable
{
    private readonly TestAuthority authority = new("authority");
    private readonly TestAuthorizationServer open;
    private readonly TestAuthorizationServer demanding;

    public MutualTlsServer()
    {
        var certificate = authority.IssueServer("127.0.0.1");
        open = new(new() { ServerCertificate = certificate });
        demanding = new(new()
        {
            ServerCertificate = certificate,
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateValidation = (client, sent, _) => ClientRoot is not { } root || ComesFrom(root, client, sent!.ChainPolicy.ExtraStore),
        })
        { TokenAnswer = ExchangeAsync };
        demanding.Handle("/introspect", context =>
        {
            Introspected.Enqueue(Thumbprint(context.Connection.ClientCertificate!));
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"active":false}""");
        });
    }

    /// <summary>The authority that vouches for the server, as PEM.</summary>
    public string Authority => authority.Pem;

    public string Issuer => open.Issuer;

    public string TokenEndpoint => demanding.TokenEndpoint;

    /// <summary>The SHA-256 thumbprints registered for the client.</summary>
    public ConcurrentDictionary<string, byte> Registered { get; } = new();

    /// <summary>What the token endpoint saw: thumbprint, parameters, and whether a header with credentials came along.</summary>
    public ConcurrentQueue<(string Thumbprint, IReadOnlyDictionary<string, string> Form, bool Header)> Asked { get; } = new();

    /// <summary>The thumbprints that the introspection endpoint saw, which knows no token.</summary>
    public ConcurrentQueue<string> Introspected { get; } = new();

    /// <summary>Names the endpoints that demand a certificate apart from those for everybody (RFC 8705 §5).</summary>
    public void NameAliases(string? token = null) => open.ChangeMetadata = metadata => metadata["mtls_endpoint_aliases"] = new JsonObject
    {
        ["token_endpoint"] = token ?? demanding.TokenEndpoint,
        ["introspection_endpoint"] = demanding.Issuer + "/introspect",
    };

    /// <summary>How often the token endpoint was asked that is for everybody.</summary>
    public int AskedOpenly => open.Exchanges.Count;

    /// <summary>Whether results are bound to the client's certificate (RFC 8705 §3).</summary>
    public bool BindsResults { get; set; }

    /// <summary>Null: any client certificate is taken; else only what the client itself proves to come from this one.</summary>
    public X509Certificate2? ClientRoot { get; set; }

    /// <summary>A key and its certificate as an operator gives them to the gateway.</summary>
    public static (string Certificate, string Key, string Thumbprint) ClientPair(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), Thumbprint(certificate));
    }

    public async ValueTask DisposeAsync()
    {
        await open.DisposeAsync();
        await demanding.DisposeAsync();
        authority.Dispose();
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = (await context.Request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value.ToString());
        var certificate = context.Connection.ClientCertificate;
        var thumbprint = certificate is null ? "" : Thumbprint(certificate);
        Asked.Enqueue((thumbprint, form, context.Request.Headers.ContainsKey("Authorization")));

        // Each exchange over a connection of its own, which presents what the files hold then.
        context.Response.Headers.Connection = "close";
        if (form.GetValueOrDefault("client_id") != "mcp-gateway" || !Registered.ContainsKey(thumbprint))
        {
            context.Response.StatusCode = 401;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"error":"invalid_client"}""");
            return;
        }

        await open.IssueAsync(context, (_, payload) =>
        {
            if (BindsResults)
            {
                payload["cnf"] = new JsonObject { ["x5t#S256"] = Base64Url.EncodeToString(Convert.FromHexString(thumbprint)) };
            }
        });
    }

    private static bool ComesFrom(X509Certificate2 root, X509Certificate2 certificate, X509Certificate2Collection sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    public static string Thumbprint(X509Certificate2 certificate) => Convert.ToHexString(SHA256.HashData(certificate.RawData));
}
