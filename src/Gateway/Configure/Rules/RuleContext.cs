using System.Collections.Immutable;
using Gateway.Configure.Options;
using Gateway.Configure.Read;

namespace Gateway.Configure.Rules;

/// <summary>What a rule sees: the options as written, what follows from them, and where to say what is wrong.</summary>
internal sealed class RuleContext(ConfigurationTree tree, GatewayOptions options, bool filesMustExist)
{
    public GatewayOptions Options => options;

    public bool FilesMustExist => filesMustExist;

    public ImmutableArray<ServerTopology> Servers { get; } = ServerTopology.Of(options);

    /// <summary>Whether a key is written or overridden; a null is not.</summary>
    public bool IsGiven(string key) => tree.IsGiven(key);

    /// <summary>An error: what is there, what is wrong, what would be right. Silent where the value could not be read at all.</summary>
    public void Error(string rule, string key, string message)
    {
        if (!tree.IsDoubtful(key))
        {
            tree.Report(rule, key, message);
        }
    }

    /// <summary>The gateway may run, but somebody should know.</summary>
    public void Warn(string rule, string key, string message)
    {
        if (!tree.IsDoubtful(key))
        {
            tree.Report(rule, key, message, isWarning: true);
        }
    }
}
