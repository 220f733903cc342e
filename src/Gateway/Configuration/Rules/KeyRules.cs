using Gateway.Configuration.Options;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Sender;

namespace Gateway.Configuration.Rules;

/// <summary><c>signing-key</c>, <c>sender-key</c>: the keys that <c>run</c> reads before it serves, where they are there to be read.</summary>
internal static class KeyRules
{
    public static void SigningKeysCanSign(RuleContext context)
    {
        if (context.IsInboundOnly || context.Options.LocalIssuer is not { KeyDirectory: { } directory, Algorithm: { } algorithm } || context.IsDoubtful("Gateway:LocalIssuer:Algorithm") || !Directory.Exists(directory))
        {
            return;
        }

        foreach (var problem in SigningKeyFile.Problems(directory, algorithm))
        {
            context.Error("signing-key", "Gateway:LocalIssuer:KeyDirectory", problem);
        }
    }

    /// <summary>As in the running gateway, the file is not read where nothing is bound to its key.</summary>
    public static void SenderKeyCanSign(RuleContext context)
    {
        if (!context.IsInboundOnly && context.Options.SenderKeyFile is { } path && File.Exists(path)
            && context.Servers.Any(server => server.Outbound.Bind == OutboundBinding.DPoP) && SenderKeys.Problem(path) is { } problem)
        {
            context.Error("sender-key", "Gateway:SenderKeyFile", $"{ConfiguredUrl.Show(path)} {problem}; make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256', for this user alone to read.");
        }
    }
}
