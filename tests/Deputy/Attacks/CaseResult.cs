namespace Deputy.Attacks;

internal sealed record CaseResult(Case Case, Verdict Verdict, TimeSpan Duration);
