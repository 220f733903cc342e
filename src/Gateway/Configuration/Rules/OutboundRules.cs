using Gateway.Authorize;
using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Configuration.Rules;

/// <summary>What an MCP server gets: <c>outbound-missing</c>, <c>outbound-mode</c>, <c>required</c>, <c>without-effect</c>.</summary>
internal static class OutboundRules
{
    private static readonly string[] Targeted = ["Resource", "Scopes", "ScopeMap", "NarrowToOperation", "Bind"];

    private static readonly Dictionary<OutboundMode, string[]> Settings = new()
    {
        [OutboundMode.Exchange] =
        [
            .. Targeted, "AuthorizationServer", "Client", "Audience", "ResultIssuer", "ResultAudiences", "ResultFormat",
            "ExtraResultScopes", "SubjectClaims", "ForeignSubjects", "MaxLifetime", "MaxOutlive", "AuthorizationDetails", "ActorChain", "ActorToken",
        ],
        [OutboundMode.Local] = [.. Targeted, "Lifetime", "Claims", "Subject", "BindCall"],
        [OutboundMode.Credential] = ["Header", "Prefix", "File"],
        [OutboundMode.SameToken] = ["AllowRemote"],
        [OutboundMode.None] = [],
    };

    public static void ModeIsSaid(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Outbound.Mode is null))
        {
            context.Error("outbound-missing", RuleContext.KeyOf(server, "Outbound:Mode"), "Outbound:Mode is missing and has no default; write exchange, local, credential, same-token or none.");
        }
    }

    /// <summary>A setting without effect is one that somebody relies on in vain.</summary>
    public static void SettingsBelongToTheMode(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Outbound.Mode is not { } mode)
            {
                continue;
            }

            // In every mode, a socket is no name for what is behind it.
            string[] named = server.Destinations.Any(UnixDestination.IsMeant) ? ["Resource"] : [];
            foreach (var setting in Settings.Values.SelectMany(names => names).Distinct().Except(Settings[mode]).Except(named))
            {
                var key = RuleContext.KeyOf(server, $"Outbound:{setting}");
                if (context.IsGiven(key))
                {
                    var owners = Settings.Where(pair => pair.Value.Contains(setting)).Select(pair => NameOf(pair.Key));
                    context.Error("outbound-mode", key, $"{setting} has no effect in mode '{NameOf(mode)}', only in {string.Join(" and ", owners)}; remove it, or change the mode.");
                }
            }
        }
    }

    public static void WhatAModeNeedsIsThere(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Outbound is { Mode: OutboundMode.Exchange, AuthorizationServer: null })
            {
                context.Error("required", RuleContext.KeyOf(server, "Outbound:AuthorizationServer"), "AuthorizationServer is missing; write the name of the one that exchanges tokens for this server.");
            }

            if (server.Outbound is { Mode: OutboundMode.Credential, File: null })
            {
                context.Error("required", RuleContext.KeyOf(server, "Outbound:File"), "File is missing; write the file that holds the MCP server's credential.");
            }

            if (server.Outbound is { Mode: OutboundMode.Exchange, ActorToken: { } actor })
            {
                if (actor.File is null)
                {
                    context.Error("required", RuleContext.KeyOf(server, "Outbound:ActorToken:File"), "File is missing; write the file that holds the actor's token.");
                }

                if (context.Options.AuthorizationServers.GetValueOrDefault(server.Outbound.AuthorizationServer ?? "") is { } asked && ExchangeProfile.Find(asked.Profile)?.TakesActorToken == false)
                {
                    context.Error("outbound-mode", RuleContext.KeyOf(server, "Outbound:ActorToken"), $"ActorToken has no effect with profile '{asked.Profile}', whose exchange takes none; remove it.");
                }
            }
        }
    }

    /// <summary><c>without-effect</c>: names in lists that the gateway passes over.</summary>
    public static void NamesHaveAnEffect(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            CheckNames(context, server, "Claims", server.Outbound.Claims, claim => !LocalTokenSettings.CanCarry(claim), "is never carried over: a hop token states it itself, or it speaks of the inbound token alone");
            CheckNames(context, server, "ScopeMap", server.Outbound.ScopeMap?.Select(map => map.Inbound ?? "").ToList(), ScopeMapping.IsForSigningIn, "is a scope to sign in with, which never crosses", ":Inbound");
            var mapped = server.Outbound.ScopeMap?.SelectMany(map => map.Outbound ?? []).ToHashSet(StringComparer.Ordinal);
            CheckNames(context, server, "Scopes", server.Outbound.Scopes, scope => mapped is null ? ScopeMapping.IsForSigningIn(scope) : !mapped.Contains(scope), mapped is null ? "is a scope to sign in with, which never crosses" : "is no scope that ScopeMap leads to");
        }
    }

    private static void CheckNames(RuleContext context, ServerTopology server, string list, List<string>? names, Predicate<string> isPassedOver, string why, string member = "")
    {
        for (var i = 0; i < (names?.Count ?? 0); i++)
        {
            if (isPassedOver(names![i]))
            {
                context.Warn("without-effect", RuleContext.KeyOf(server, $"Outbound:{list}:{i}{member}"), $"{ConfiguredUrl.Show(names[i])} {why}; remove it.");
            }
        }
    }

    /// <summary>What cannot be looked into cannot be seen to be bound.</summary>
    public static void BoundResultsCanBeRead(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Outbound is { Mode: OutboundMode.Exchange, Bind: OutboundBinding.DPoP, ResultFormat: ResultFormat.Opaque }))
        {
            context.Error("outbound-mode", RuleContext.KeyOf(server, "Outbound:Bind"), "Bind 'dpop' needs results that say what they are bound to, and an opaque one does not; let the authorization server issue JWTs, or write 'none'.");
        }
    }

    private static string NameOf(OutboundMode mode) => mode switch
    {
        OutboundMode.SameToken => "same-token",
        _ => mode.ToString().ToLowerInvariant(),
    };
}
