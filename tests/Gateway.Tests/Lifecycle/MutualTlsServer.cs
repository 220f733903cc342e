using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Lifecycle;

/// <summary>
/// An authorization server over TLS with a certificate of its own authority. Metadata and keys are for everybody; the token
/// endpoint, at another port, demands a client certificate and knows its client by it (RFC 8705 §2).
/// </summary>
internal sealed class MutualTlsServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private MutualTlsServer(WebApplication app) => this.app = app;

    /// <summary>The authority that vouches for the server, as PEM.</summary>
    public required string Authority { get; init; }

    public string Issuer { get; private set; } = "";

    public string TokenEndpoint { get; private set; } = "";

    /// <summary>The SHA-256 thumbprints registered for the client.</summary>
    public ConcurrentDictionary<string, byte> Registered { get; } = new();

    /// <summary>What the token endpoint saw: thumbprint, parameters, and whether a header with credentials came along.</summary>
    public ConcurrentQueue<(string Thumbprint, Dictionary<string, string> Form, bool Header)> Asked { get; } = new();

    /// <summary>Whether results are bound to the client's certificate (RFC 8705 §3).</summary>
    public bool BindsResults { get; set; }

    /// <summary>Null: any client certificate is taken; else only what the client itself proves to come from this one.</summary>
    public X509Certificate2? ClientRoot { get; set; }

    public static async Task<MutualTlsServer> StartAsync()
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        var certificate = ServerCertificate(authority);
        MutualTlsServer? server = null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                // HTTP/1.1, where the server can end a connection after one answer.
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    https.ClientCertificateValidation = (certificate, sent, _) => server!.ClientRoot is not { } root || ComesFrom(root, certificate, sent!.ChainPolicy.ExtraStore);
                });
            });
        });
        server = new MutualTlsServer(builder.Build()) { Authority = authority.ExportCertificatePem() };
        server.app.MapGet("/.well-known/oauth-authorization-server", server.Metadata);
        server.app.MapGet("/jwks", () => Results.Text(TestKey.Jwks(TestKeys.Es256.Jwk()), "application/json"));
        server.app.MapPost("/token", server.ExchangeAsync);
        await server.app.StartAsync();
        var addresses = server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        (server.Issuer, server.TokenEndpoint) = (addresses[0], addresses[1] + "/token");
        return server;
    }

    /// <summary>A key and its certificate as an operator gives them to the gateway.</summary>
    public static (string Certificate, string Key, string Thumbprint) ClientPair(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), Thumbprint(certificate));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult Metadata() =>
        Results.Text(new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = Issuer + "/jwks", ["token_endpoint"] = Issuer + "/token" }.ToJsonString(), "application/json");

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = (await context.Request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value.ToString());
        var certificate = context.Connection.ClientCertificate;
        var thumbprint = certificate is null ? "" : Thumbprint(certificate);
        Asked.Enqueue((thumbprint, form, context.Request.Headers.ContainsKey("Authorization")));
        context.Response.ContentType = "application/json";

        // Each exchange over a connection of its own, which presents what the files hold then.
        context.Response.Headers.Connection = "close";
        if (form.GetValueOrDefault("client_id") != "mcp-gateway" || !Registered.ContainsKey(thumbprint))
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("""{"error":"invalid_client"}""");
            return;
        }

        var token = TokenForge.AccessToken(TestKeys.Es256, Issuer, form["resource"], TimeProvider.System.GetUtcNow(), (_, payload) =>
        {
            payload["client_id"] = "mcp-gateway";
            payload["scope"] = form["scope"];
            if (BindsResults)
            {
                payload["cnf"] = new JsonObject { ["x5t#S256"] = Base64Url.EncodeToString(Convert.FromHexString(thumbprint)) };
            }
        });
        await context.Response.WriteAsync(new JsonObject
        {
            ["access_token"] = token,
            ["token_type"] = "Bearer",
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["expires_in"] = 300,
        }.ToJsonString());
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

    private static X509Certificate2 ServerCertificate(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1), [1, 2, 3, 4]);
        using var pair = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }

    private static string Thumbprint(X509Certificate2 certificate) => Convert.ToHexString(SHA256.HashData(certificate.RawData));
}
