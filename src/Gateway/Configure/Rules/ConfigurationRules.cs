namespace Gateway.Configure.Rules;

/// <summary>The rules of the linter, which <c>run</c> obeys too.</summary>
internal static class ConfigurationRules
{
    private static readonly Action<RuleContext>[] All = [];

    public static void Check(RuleContext context)
    {
        foreach (var rule in All)
        {
            rule(context);
        }
    }
}
