using System.Reflection;
using System.Text.RegularExpressions;
using Gateway.Advertise;
using Gateway.Tests.Commands;
using Gateway.Tests.Configuration;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests;

/// <summary>Whatever the program can name has its place in the guide to troubleshooting.</summary>
public sealed partial class TroubleshootingTests
{
    private static readonly string Guide = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "troubleshooting.md"));

    private static readonly HashSet<string> Anchors = [.. Anchor().Matches(Guide).Select(match => match.Groups[1].Value)];

    /// <summary>Every reason that a refusal can have.</summary>
    private static readonly HashSet<string> Reasons =
    [
        .. typeof(Refusal).Assembly.GetTypes().Where(type => type.Namespace == typeof(Refusal).Namespace)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Select(field => field.GetValue(null)).OfType<Refusal>().Select(refusal => refusal.Reason),
        .. Enum.GetValues<TokenRefusal>().Select(refusal => Refusal.Of(refusal).Reason),
    ];

    [Fact]
    public void Every_reason_has_its_place()
    {
        Assert.True(Reasons.Count > 60, $"{Reasons.Count} reasons");
        Assert.Empty(Reasons.Except(Anchors));
    }

    [Fact]
    public void Every_reason_stands_in_the_table_of_refusals()
    {
        var table = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "refusals.md"));

        Assert.Equal([], Reasons.Where(reason => !table.Contains($"`{reason}`", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_rule_has_its_place()
    {
        Assert.Empty(NamedRules.All().Except(Anchors));
    }

    [Fact]
    public void Every_place_that_a_message_names_is_there_once()
    {
        var sources = Directory.GetFiles(Path.Combine(CommandTests.Repository(), "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var named = sources.SelectMany(source => Named().Matches(source)).Select(match => match.Groups[1].Value).Concat(Link().Matches(Guide).Select(match => match.Groups[1].Value)).ToHashSet();

        Assert.True(named.Count > 5, $"{named.Count} places");
        Assert.Empty(named.Except(Anchors));
        Assert.Equal(Anchors.Count, Anchor().Count(Guide));
    }

    [GeneratedRegex("""<a id="([a-z0-9_-]+)"></a>""")]
    private static partial Regex Anchor();

    [GeneratedRegex("""docs/troubleshooting\.md#([a-z_-]+)""")]
    private static partial Regex Named();

    [GeneratedRegex("""\]\(#([a-z_-]+)\)""")]
    private static partial Regex Link();
}
