using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;

namespace TokenExchange.AspNetCore;

/// <summary>One MCP server at run time: what it is called, whose keys it trusts, and what it remembers.</summary>
internal sealed class HopTokenServer : IDisposable
{
    // Where proofs are made for, without a slash at its end, and the path of it.
    private readonly string? address;
    private readonly string addressPath = "";

    public HopTokenServer(string scheme, HopTokenOptions options, ILoggerFactory loggers)
    {
        options.Validate();
        var clock = options.TimeProvider ?? TimeProvider.System;
        Options = options;
        Keys = new AuthorizationServer(options.ToSettings(scheme), clock, loggers);
        Used = options.UsedIds ?? new ReplayMemory(options.UsedIdCapacity, clock);
        Locations = [options.Resource];
        if (options.Address is not null || HopTokenRules.IsHttp(options.Resource, allowHttp: true, out _))
        {
            var url = options.Address ?? new Uri(options.Resource);
            address = (options.Address?.OriginalString ?? options.Resource).TrimEnd('/');
            addressPath = url.AbsolutePath.TrimEnd('/');
            Sender = new SenderPolicy(new DPoPSettings { MaxAge = options.ProofMaxAge, ContentDigestRequired = options.RequireContentDigest }, options.RequireProof, Used, null, clock);
        }

        if (HopTokenRules.IsHttp(options.Resource, allowHttp: true, out var resource))
        {
            var path = ResourceDocument.PathOf(resource!.AbsolutePath.TrimEnd('/'));
            DocumentPath = PathString.FromUriComponent(path).Value;
            MetadataUrl = resource.GetLeftPart(UriPartial.Authority) + path;
            Document = ResourceDocument.Write(
                options.Resource, options.ResourceName, options.AuthorizationServers.Count > 0 ? options.AuthorizationServers : [options.Issuer],
                options.RequiredScopes, ProofAlgorithms, options.RequireProof);
        }

        RequiredScopes = ScopeSet.Of(options.RequiredScopes);
        var issuer = new TrustedIssuer
        {
            Server = Keys,
            Algorithms = [.. options.Algorithms],
            TokenTypes = [.. options.TokenTypes],
            ClockSkew = options.ClockSkew,
            MaxTokenLifetime = options.MaxTokenLifetime,
            CompanionAudiences = [],
        };

        // A token that is good once is not worth remembering.
        var remembered = options.RequireCallBinding ? 0 : 4096;
        Validator = new TokenValidator(new ResourceAudience(options.Resource, Locations, AllowOthers: false), [issuer], clock, remembered, keepClaims: true, sender: Sender);
    }

    public HopTokenOptions Options { get; }

    public AuthorizationServer Keys { get; }

    public TokenValidator Validator { get; }

    /// <summary>Judges proofs; null where nothing says what they are made for.</summary>
    public SenderPolicy? Sender { get; }

    public IUsedIds Used { get; }

    public ScopeSet RequiredScopes { get; }

    public ImmutableArray<string> Locations { get; }

    /// <summary>Where the resource document is; null where the identifier is no http(s) URL.</summary>
    public string? MetadataUrl { get; }

    /// <summary>The path of the same as the web server reads it, escapes decoded.</summary>
    public string? DocumentPath { get; }

    public ReadOnlyMemory<byte> Document { get; }

    public ImmutableArray<string> ProofAlgorithms => Sender?.Settings.Algorithms ?? [];

    /// <summary>The URL of a request as the gateway writes it into a proof: never that of a Host header.</summary>
    public string UriOf(HttpContext context)
    {
        var path = PathOf(context);
        var below = path.StartsWith(addressPath, StringComparison.Ordinal) && (path.Length == addressPath.Length || path[addressPath.Length] == '/');

        // What lies beside the address is nothing that a proof could be for.
        return below ? address + path[addressPath.Length..] : "";
    }

    public void Dispose() => Keys.Dispose();

    private static string PathOf(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (target is null || !target.StartsWith('/'))
        {
            target = (context.Request.PathBase + context.Request.Path).ToUriComponent();
        }

        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }
}
