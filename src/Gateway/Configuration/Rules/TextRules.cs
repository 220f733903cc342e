using Gateway.Generations;
using TokenExchange.Inbound;

namespace Gateway.Configuration.Rules;

/// <summary>Lists and texts: <c>empty-list</c>, <c>audience-whitespace</c>, <c>required</c>, <c>without-effect</c>.</summary>
internal static class TextRules
{
    /// <summary>An empty list where null means any, all or default: whoever removes the last entry would open what the list held shut.</summary>
    public static void ListsAreNotEmpty(RuleContext context)
    {
        CheckProtocols("Kestrel:EndpointDefaults", context.Kestrel.EndpointDefaults?.SslProtocols);
        foreach (var (name, endpoint) in context.Kestrel.Endpoints)
        {
            CheckProtocols($"Kestrel:Endpoints:{name}", endpoint.SslProtocols);
            foreach (var (host, sni) in endpoint.Sni)
            {
                CheckProtocols($"Kestrel:Endpoints:{name}:Sni:{host}", sni.SslProtocols);
            }
        }

        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check(RuleContext.KeyOf(name, "Algorithms"), server.Algorithms, "the default algorithms");
            Check(RuleContext.KeyOf(name, "TokenTypes"), server.TokenTypes, "the profile's token types");
            Check(RuleContext.KeyOf(name, "CompanionAudiences"), server.CompanionAudiences, "the client's own id");
        }

        foreach (var server in context.Servers)
        {
            Check(RuleContext.KeyOf(server, "AuthorizationServers"), server.Options.AuthorizationServers, "the only inbound one");
            Check(RuleContext.KeyOf(server, "AllowedClients"), server.Options.AllowedClients, "any client");
            Check(RuleContext.KeyOf(server, "AdvertisedScopes"), server.Options.AdvertisedScopes, "what the rules name");
            Check(RuleContext.KeyOf(server, "DPoP:Algorithms"), server.Options.DPoP.Algorithms, "the default algorithms");
            CheckProtocols(RuleContext.KeyOf(server, "Cluster:HttpClient"), server.Options.Cluster.HttpClient?.SslProtocols is System.Security.Authentication.SslProtocols.None ? [] : null);
            Check(RuleContext.KeyOf(server, "Outbound:Scopes"), server.Outbound.Scopes, "all mapped scopes");
            Check(RuleContext.KeyOf(server, "Outbound:ScopeMap"), server.Outbound.ScopeMap, "each scope as it is");
            Check(RuleContext.KeyOf(server, "Outbound:ResultAudiences"), server.Outbound.ResultAudiences, "the audience asked for");
            Check(RuleContext.KeyOf(server, "Outbound:SubjectClaims"), server.Outbound.SubjectClaims, "the profile's subject claims");
            for (var i = 0; i < server.Options.Operations.Count; i++)
            {
                Check(RuleContext.KeyOf(server, $"Operations:{i}:Scopes"), server.Options.Operations[i].Scopes, "no scope at all");
            }

            for (var i = 0; i < server.Options.RequiredClaims.Count; i++)
            {
                Check(RuleContext.KeyOf(server, $"RequiredClaims:{i}:AnyOf"), server.Options.RequiredClaims[i].AnyOf, "nothing");
            }

            for (var i = 0; i < server.Options.ImpliedScopes.Count; i++)
            {
                Check(RuleContext.KeyOf(server, $"ImpliedScopes:{i}:Implies"), server.Options.ImpliedScopes[i].Implies, "nothing");
            }

            for (var i = 0; i < (server.Outbound.ScopeMap?.Count ?? 0); i++)
            {
                Check(RuleContext.KeyOf(server, $"Outbound:ScopeMap:{i}:Outbound"), server.Outbound.ScopeMap![i].Outbound, "nothing");
            }
        }

        void CheckProtocols(string holder, List<string>? list) => Check($"{holder}:SslProtocols", list, "what the operating system takes");

        void Check<T>(string key, List<T>? list, string absent) => TextRules.Check(context, key, list, absent);
    }

    /// <summary>Entries of lists that say nothing.</summary>
    public static void EntriesAreComplete(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Options.RequiredClaims.Count; i++)
            {
                var entry = server.Options.RequiredClaims[i];
                Check($"RequiredClaims:{i}:Claim", entry.Claim is { Length: > 0 }, "the claim's name");
                Check($"RequiredClaims:{i}:AnyOf", entry.AnyOf is not null, "the values of which the claim must have one");
            }

            for (var i = 0; i < server.Options.IdentityHeaders.Count; i++)
            {
                var entry = server.Options.IdentityHeaders[i];
                Check($"IdentityHeaders:{i}:Header", entry.Header is { Length: > 0 }, "the header that tells the claim");
                Check($"IdentityHeaders:{i}:Claim", entry.Claim is { Length: > 0 }, "the claim's name");
            }

            for (var i = 0; i < server.Options.ImpliedScopes.Count; i++)
            {
                var entry = server.Options.ImpliedScopes[i];
                Check($"ImpliedScopes:{i}:Scope", entry.Scope is not null, "the scope that stands for others");
                Check($"ImpliedScopes:{i}:Implies", entry.Implies is not null, "the scopes that it stands for");
            }

            for (var i = 0; i < (server.Outbound.ScopeMap?.Count ?? 0); i++)
            {
                var entry = server.Outbound.ScopeMap![i];
                Check($"Outbound:ScopeMap:{i}:Inbound", entry.Inbound is not null, "the inbound scope");
                Check($"Outbound:ScopeMap:{i}:Outbound", entry.Outbound is not null, "the outbound scopes it becomes");
            }

            void Check(string member, bool isThere, string wanted)
            {
                if (!isThere)
                {
                    context.Error("required", RuleContext.KeyOf(server, member), $"{member[(member.LastIndexOf(':') + 1)..]} is missing; write {wanted}.");
                }
            }
        }
    }

    public static void AudiencesIssuersAndScopesHoldNoWhiteSpace(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Check(context, RuleContext.KeyOf(name, "Issuer"), server.Issuer);
            CheckAll(context, RuleContext.KeyOf(name, "CompanionAudiences"), server.CompanionAudiences);
            CheckGiven(RuleContext.KeyOf(name, "SecurityEvents:Audience"), server.SecurityEvents?.Audience);
            CheckGiven(RuleContext.KeyOf(name, "SecurityEvents:Issuer"), server.SecurityEvents?.Issuer);
            CheckGiven(RuleContext.KeyOf(name, "Registration:ClientId"), server.Registration?.ClientId);
        }

        foreach (var (key, client) in context.Clients)
        {
            Check(context, $"{key}:Id", client.Id);
            Check(context, $"{key}:AssertionAudience", client.AssertionAudience);
        }

        Check(context, "Gateway:LocalIssuer:Issuer", context.Options.LocalIssuer?.Issuer);
        foreach (var server in context.Servers)
        {
            foreach (var (member, values, isScope) in TextsOf(server))
            {
                CheckAll(context, RuleContext.KeyOf(server, member), values, isScope);
            }

            Check(context, RuleContext.KeyOf(server, "ScopePrefix"), server.Options.ScopePrefix, isScope: true);
            Check(context, RuleContext.KeyOf(server, "Outbound:Resource"), server.Outbound.Resource);
            Check(context, RuleContext.KeyOf(server, "Outbound:Audience"), server.Outbound.Audience);
        }

        // That these are there at all, their own rules say.
        void CheckGiven(string key, string? value) => Check(context, key, value is "" ? null : value);
    }

    /// <summary><c>without-effect</c>: a <c>*</c> in what is compared as it stands. Scopes are left out: there are servers with one that is called so.</summary>
    public static void NamesAreNoPatterns(RuleContext context)
    {
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            Warn(RuleContext.KeyOf(name, "CompanionAudiences"), server.CompanionAudiences);
        }

        foreach (var server in context.Servers)
        {
            foreach (var (member, values, _) in TextsOf(server).Where(texts => !texts.IsScope))
            {
                Warn(RuleContext.KeyOf(server, member), values);
            }
        }

        void Warn(string key, List<string>? values)
        {
            for (var i = 0; i < (values?.Count ?? 0); i++)
            {
                if (values![i].Contains('*', StringComparison.Ordinal))
                {
                    context.Warn("without-effect", $"{key}:{i}", $"{ConfiguredUrl.Show(values[i])} is compared as it stands: '*' stands for itself, and nothing is called so; write each name in full, or remove the key where its default is meant.");
                }
            }
        }
    }

    /// <summary>Whether a name holds white space or a control character, which nobody sees in it.</summary>
    internal static bool HoldsBlanks(string name) => name.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));

    private static IEnumerable<(string Member, List<string>? Values, bool IsScope)> TextsOf(ServerTopology server)
    {
        var (options, outbound) = (server.Options, server.Outbound);
        yield return ("AcceptedAudiences", options.AcceptedAudiences, false);
        yield return ("AllowedClients", options.AllowedClients, false);
        yield return ("Outbound:ResultAudiences", outbound.ResultAudiences, false);
        yield return ("Outbound:SubjectClaims", outbound.SubjectClaims, false);
        yield return ("Outbound:Claims", outbound.Claims, false);
        yield return ("Policy:Claims", options.Policy?.Claims, false);
        yield return ("RequiredScopes", options.RequiredScopes, true);
        yield return ("AdvertisedScopes", options.AdvertisedScopes, true);
        yield return ("Outbound:Scopes", outbound.Scopes, true);
        yield return ("Outbound:ExtraResultScopes", outbound.ExtraResultScopes, true);
        for (var i = 0; i < options.Operations.Count; i++)
        {
            yield return ($"Operations:{i}:Scopes", options.Operations[i].Scopes, true);
        }

        for (var i = 0; i < options.ImpliedScopes.Count; i++)
        {
            yield return ($"ImpliedScopes:{i}:Scope", options.ImpliedScopes[i].Scope is { } scope ? [scope] : null, true);
            yield return ($"ImpliedScopes:{i}:Implies", options.ImpliedScopes[i].Implies, true);
        }

        for (var i = 0; i < (outbound.ScopeMap?.Count ?? 0); i++)
        {
            yield return ($"Outbound:ScopeMap:{i}:Inbound", outbound.ScopeMap![i].Inbound is { } scope ? [scope] : null, true);
            yield return ($"Outbound:ScopeMap:{i}:Outbound", outbound.ScopeMap[i].Outbound, true);
        }
    }

    private static void CheckAll(RuleContext context, string key, List<string>? values, bool isScope = false)
    {
        for (var i = 0; i < (values?.Count ?? 0); i++)
        {
            Check(context, $"{key}:{i}", values![i], isScope);
        }
    }

    /// <summary>Scopes are RFC 6749's scope tokens: printable ASCII without quote and backslash.</summary>
    private static void Check(RuleContext context, string key, string? value, bool isScope = false)
    {
        var problem = value is null ? null
            : value.Length == 0 ? "is empty"
            : HoldsBlanks(value) ? "holds white space or a control character"
            : isScope && !ScopeSet.IsToken(value) ? "holds a character that no scope may hold (RFC 6749 §3.3)"
            : null;
        if (problem is not null)
        {
            context.Error("audience-whitespace", key, $"{ConfiguredUrl.Show(value)} {problem}, so that it would never be equal to what a token says; write one value, and several as a list.");
        }
    }

    private static void Check<T>(RuleContext context, string key, List<T>? list, string absent)
    {
        if (list is { Count: 0 })
        {
            context.Error("empty-list", key, $"The list is empty; list what is meant, or remove the key where {absent} is meant.");
        }
    }
}
