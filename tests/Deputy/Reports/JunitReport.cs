using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Deputy.Attacks;

namespace Deputy.Reports;

/// <summary>The result for CI systems: one suite a family; broken is a failure, an error is an error, not applicable is skipped.</summary>
internal static class JunitReport
{
    public static void Write(string path, AttackRun run)
    {
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true, CheckCharacters = false });
        new XDocument(new XElement("testsuites", new XAttribute("name", run.Target.Name), run.Results.GroupBy(result => result.Case.Family).Select(Suite))).Save(writer);
    }

    private static XElement Suite(IGrouping<string, CaseResult> family)
    {
        int Count(Outcome outcome) => family.Count(result => result.Verdict.Outcome == outcome);
        return new XElement(
            "testsuite",
            new XAttribute("name", family.Key),
            new XAttribute("tests", family.Count()),
            new XAttribute("failures", Count(Outcome.Broken)),
            new XAttribute("errors", Count(Outcome.Error)),
            new XAttribute("skipped", Count(Outcome.NotApplicable)),
            family.Select(result => new XElement(
                "testcase",
                new XAttribute("classname", "deputy." + family.Key),
                new XAttribute("name", $"{result.Case.Id}: {result.Case.Claim}"),
                new XAttribute("time", result.Duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)),
                Content(result))));
    }

    private static XElement? Content(CaseResult result)
    {
        var text = Clean(string.Join('\n', result.Verdict.Wire));
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
