using System.Diagnostics;
using System.Globalization;
using Deputy.Attacks;
using Deputy.Staging;

namespace Deputy.Mutants;

/// <summary>Builds the gateway with each seeded weakness in turn, in a scratch copy, and attacks it: a weakness that no case finds is a hole in the kit.</summary>
internal sealed class MutantRun(string repository, string targets, TextWriter output)
{
    private static readonly string[] Quick = ["--nologo", "-v", "q", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false"];

    /// <summary>How many were found, and how many were not.</summary>
    public async Task<(int Found, int Missed)> RunAsync(IReadOnlyList<Mutant> mutants, bool everything)
    {
        var scratch = Directory.CreateTempSubdirectory("deputy-mutants-");
        Leftovers.Add(scratch);
        try
        {
            Copy(repository, scratch.FullName);
            await TargetProcess.RunAsync(["dotnet", "build", "src/Gateway", .. Quick], scratch.FullName);
            if (await BaselineAsync(mutants, scratch.FullName) is { } problem)
            {
                await output.WriteLineAsync($"Without any weakness, {problem}: nothing can be concluded.");
                return (0, mutants.Count);
            }

            var (found, missed) = (0, 0);
            await output.WriteLineAsync($"{"mutant",-34} {"found by",-44} {"s",5}");
            foreach (var mutant in mutants)
            {
                var start = Stopwatch.GetTimestamp();
                var (by, why) = await TryAsync(mutant, scratch.FullName, everything);
                (found, missed) = by.Count > 0 ? (found + 1, missed) : (found, missed + 1);
                var result = by.Count > 0 ? string.Join(", ", by.Take(2)) + (by.Count > 2 ? $" and {by.Count - 2} more" : "") : "NOT FOUND: " + why;
                await output.WriteLineAsync($"{mutant.Id,-34} {result,-44} {Stopwatch.GetElapsedTime(start).TotalSeconds.ToString("0", CultureInfo.InvariantCulture),5}");
            }

            return (found, missed);
        }
        finally
        {
            Leftovers.Remove(scratch);
        }
    }

    /// <summary>Every case that a mutant claims must hold without it.</summary>
    private async Task<string?> BaselineAsync(IReadOnlyList<Mutant> mutants, string scratch)
    {
        foreach (var group in mutants.GroupBy(mutant => mutant.Target))
        {
            var run = await AttackAsync(group.Key, scratch, [.. group.SelectMany(mutant => mutant.Cases).Distinct()]);
            if (run.Results.FirstOrDefault(result => result.Verdict.Outcome != Outcome.Held) is { } result)
            {
                return $"{result.Case.Id} is {result.Verdict.Outcome} ({result.Verdict.Why})";
            }
        }

        return null;
    }

    private async Task<(IReadOnlyList<string> By, string Why)> TryAsync(Mutant mutant, string scratch, bool everything)
    {
        var sources = Mutant.Sources(Path.Combine(scratch, "src"));
        var (changed, problem) = mutant.Apply(sources);
        if (problem is not null)
        {
            return ([], problem);
        }

        foreach (var (file, text) in changed)
        {
            await File.WriteAllTextAsync(file, text);
        }

        var projects = changed.Keys.Select(file => Path.GetRelativePath(scratch, file).Split('/')[1]).Distinct().ToList();
        var programs = projects.ToDictionary(Program, project => File.ReadAllBytes(Program(project)));
        string Program(string project) => Path.Combine(scratch, "src/Gateway/bin/Debug/net10.0", (project == "Gateway" ? "gateway" : project) + ".dll");
        try
        {
            foreach (var project in projects)
            {
                // A check that changes changes no interface: the projects that use this one need not be built.
                await TargetProcess.RunAsync(["dotnet", "build", "src/" + project, "--no-restore", "--no-dependencies", .. Quick], scratch);
                if (project != "Gateway")
                {
                    File.Copy(Path.Combine(scratch, "src", project, "bin/Debug/net10.0", project + ".dll"), Program(project), overwrite: true);
                }
            }

            var run = await AttackAsync(mutant.Target, scratch, everything ? [] : mutant.Cases);
            IReadOnlyList<string> broken = [.. run.Results.Where(result => result.Verdict.Outcome == Outcome.Broken).Select(result => result.Case.Id)];
            return (broken, string.Join("; ", run.Results.Select(result => $"{result.Case.Id} {result.Verdict.Outcome} {result.Verdict.Why}").Take(3)));
        }
        catch (InvalidOperationException exception)
        {
            return ([], exception.Message.ReplaceLineEndings(" "));
        }
        finally
        {
            foreach (var file in changed.Keys)
            {
                await File.WriteAllTextAsync(file, sources[file]);
            }

            foreach (var (program, bytes) in programs)
            {
                await File.WriteAllBytesAsync(program, bytes);
            }
        }
    }

    private async Task<AttackRun> AttackAsync(string target, string scratch, IReadOnlyList<string> ids)
    {
        var cases = ids.Count == 0 ? Catalogue.All : [.. Catalogue.All.Where(one => ids.Contains(one.Id))];
        return await AttackRun.RunAsync(Target.Read(Path.Combine(targets, target + ".json")), scratch, cases);
    }

    private static void Copy(string from, string to)
    {
        string[] roots = ["src", "build", "samples", "docs"];
        var files = Directory.EnumerateFiles(from)
            .Concat(roots.Select(root => Path.Combine(from, root)).Where(Directory.Exists).SelectMany(root => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)))
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
