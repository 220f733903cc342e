using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Deputy.Attacks;

namespace Deputy.Reports;

/// <summary>
/// The result for CI systems: one suite a family; broken is a failure, an error is an error, not applicable is skipped. A test is named by
/// its id alone, so that it stays the same test when its claim is put in other words.
/// </summary>
internal static class JunitReport
{
    public static void Write(string path, AttackRun run)
    {
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true, CheckCharacters = false });
        new XDocument(new XElement("testsuites", Counted(Clean(run.Target.Name), run.Results), run.Results.GroupBy(result => result.Case.Family).Select(Suite))).Save(writer);
    }

    private static XAttribute[] Counted(string name, IReadOnlyCollection<CaseResult> results)
    {
        int Count(Outcome outcome) => results.Count(result => result.Verdict.Outcome == outcome);
        return
        [
            new XAttribute("name", name),
            new XAttribute("tests", results.Count),
            new XAttribute("failures", Count(Outcome.Broken)),
            new XAttribute("errors", Count(Outcome.Error)),
            new XAttribute("skipped", Count(Outcome.NotApplicable)),
            new XAttribute("time", Seconds(results.Sum(result => result.Duration.TotalSeconds))),
        ];
    }

    private static string Seconds(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);

    private static XElement Suite(IGrouping<string, CaseResult> family) =>
        new(
            "testsuite",
            Counted(family.Key, [.. family]),
            family.Select(result => new XElement(
                "testcase",
                new XAttribute("classname", "deputy." + family.Key),
                new XAttribute("name", result.Case.Id),
                new XAttribute("time", Seconds(result.Duration.TotalSeconds)),
                Content(result))));

    private static XElement? Content(CaseResult result)
    {
        var text = Clean(string.Join('\n', [$"{result.Case.Claim} ({result.Case.Source})", .. result.Verdict.Wire]));
        return result.Verdict.Outcome switch
        {
            Outcome.Broken => new XElement("failure", new XAttribute("message", Clean(result.Verdict.Why)), text),
            Outcome.Error => new XElement("error", new XAttribute("message", Clean(result.Verdict.Why)), text),
            Outcome.NotApplicable => new XElement("skipped", new XAttribute("message", Clean(result.Verdict.Why))),
            _ => null,
        };
    }

    /// <summary>Without what XML cannot hold.</summary>
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '\uFFFD'));
}
