using Gateway.Configuration.Options;

namespace Gateway.Configuration.Rules;

/// <summary>Policy decision points: <c>policy-url</c>, and <c>subject-issuer</c> of the subjects that they judge.</summary>
internal static class PolicyRules
{
    public static void DecisionPointsCanBeAsked(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Options.Policy is not { } policy)
            {
                continue;
            }

            Check("Url", policy.Url, isRequired: true);
            Check("EvaluationsUrl", policy.EvaluationsUrl, isRequired: false);

            void Check(string member, string? value, bool isRequired)
            {
                var problem = value is not null ? ConfiguredUrl.EndpointProblem(value, policy.AllowHttp, "a decision could be replaced") : isRequired ? "is missing" : null;
                if (problem is not null)
                {
                    context.Error("policy-url", RuleContext.KeyOf(server, $"Policy:{member}"), $"{member}{(value is null ? "" : " " + ConfiguredUrl.Show(value))} {problem}; write the https URL of the decision point's AuthZEN endpoint, such as 'https://pdp.internal/access/v1/evaluation' (http is for loopback, or with AllowHttp; a credential belongs into TokenFile).");
                }
            }
        }
    }

    /// <summary><c>subject-issuer</c>: a policy about one issuer's subject would be one about another's of the same name.</summary>
    public static void SubjectsAreToldApart(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var issuers = server.InboundServers.Where(context.Options.AuthorizationServers.ContainsKey).ToArray();
            if (server.Options.Policy is { Subject: not LocalSubject.IssuerQualified } && issuers.Length > 1)
            {
                context.Error("subject-issuer", RuleContext.KeyOf(server, "Policy:Subject"), $"Tokens of several issuers ({string.Join(", ", issuers)}) are accepted here, and the decision point could not tell their subjects apart; write Subject 'issuer-qualified'.");
            }
        }
    }
}
