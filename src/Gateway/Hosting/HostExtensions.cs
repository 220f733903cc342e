using System.Net.Security;
using System.Text;
using Gateway.Authenticate;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using TokenExchange.Issuers;

namespace Gateway.Hosting;

/// <summary>The host: where it listens, how connections are secured and bounded, and what it logs to.</summary>
internal static class HostExtensions
{
    public static void AddGatewayHost(this WebApplicationBuilder builder, LoadedConfiguration loaded, GatewayOptions options, IReadOnlyList<string> arguments)
    {
        var configuration = builder.Configuration;
        configuration.AddEnvironmentVariables("DOTNET_");
        configuration.AddEnvironmentVariables("ASPNETCORE_");
        configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(loaded.Host.ToJsonString())));
        configuration.AddCommandLine([.. HostArguments(arguments)]);
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (!endpoints && configuration["urls"] is null && configuration["http_ports"] is null && configuration["https_ports"] is null)
        {
            configuration.AddInMemoryCollection([KeyValuePair.Create<string, string?>("urls", ListeningAddresses.Default)]);
        }

        var hosts = configuration["AllowedHosts"]?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        builder.Services.AddHostFiltering(filtering => filtering.AllowedHosts = hosts.Length > 0 ? hosts : ["*"]);
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        builder.Logging.AddConsole();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            var section = context.Configuration.GetSection("Kestrel");
            Tls(kestrel, section, new ServedCertificates(loaded.Certificates, TimeProvider.System, kestrel.ApplicationServices.GetRequiredService<ILogger<ServedCertificates>>()));

            // Below TLS, and for every endpoint: whatever is said on a connection is read through it.
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection =>
            {
                connection.Transport = new FairTransport(connection.Transport);
                LastToken.On(connection);
                return next(connection);
            }));
            Limits(kestrel.Configure(section).Options, loaded.Limits);
        });
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = options.InlineScheduling;
            sockets.MaxReadBufferSize = FairTransport.MaxUnread;
        });
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new FairListeners(ActivatorUtilities.CreateInstance<SocketTransportFactory>(services)));
    }

    /// <summary>
    /// What is served is what the files of certificates hold now. Nobody is asked about a client's certificate. Where one is asked for and not required, nobody judges who issued it: a token is
    /// bound to the very certificate, which may be self-signed (RFC 8705 §2.2, §3). Where one is required anywhere, every chain is judged.
    /// </summary>
    private static void Tls(KestrelServerOptions kestrel, IConfiguration section, ServedCertificates certificates)
    {
        const string mode = nameof(HttpsConnectionAdapterOptions.ClientCertificateMode);
        var required = section.AsEnumerable().Any(pair => pair.Key.EndsWith(mode, StringComparison.OrdinalIgnoreCase) && nameof(ClientCertificateMode.RequireCertificate).Equals(pair.Value, StringComparison.OrdinalIgnoreCase));
        kestrel.ConfigureHttpsDefaults(https =>
        {
            https.OnAuthenticate = (_, tls) =>
            {
                tls.CertificateChainPolicy = OfflineChain.Policy();
                certificates.Renew(tls);
            };
            if (!required)
            {
                https.ClientCertificateValidation = (_, _, errors) => errors == SslPolicyErrors.None || https.ClientCertificateMode == ClientCertificateMode.AllowCertificate;
            }
        });
    }

    /// <summary>The connection-level limits: who is slow or large is cut off here, before any stage.</summary>
    private static void Limits(KestrelServerOptions kestrel, KestrelLimitsOptions limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;

        // A server's MaxRequestBody decides, while the body is read.
        kestrel.Limits.MaxRequestBodySize = null;

        // The other half is for what is opened on behalf of those who connected. Where no file can be opened, or no memory is left, the runtime ends the process.
        kestrel.Limits.MaxConcurrentConnections = Math.Min(FileDescriptors.Limit is { } files ? Math.Max(1, files / 2) : long.MaxValue, AvailableMemory.Connections(AvailableMemory.Bytes));
        limits.Apply(kestrel.Limits);
    }

    /// <summary>The options that are the host's own; overrides of gateway.json were applied when it was read.</summary>
    private static IEnumerable<string> HostArguments(IReadOnlyList<string> arguments) =>
        from option in GivenOption.All(arguments)
        where option.Name is "urls" or "environment" or "contentRoot" or "http_ports" or "https_ports"
        select $"--{option.Name}={option.Value}";
}
