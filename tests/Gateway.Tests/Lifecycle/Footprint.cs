using System.Globalization;

namespace Gateway.Tests.Lifecycle;

/// <summary>What a process holds, as its kernel tells it.</summary>
/// <param name="Files">Open descriptors by kind: regular files, directories, devices.</param>
/// <param name="Sockets">Open sockets.</param>
/// <param name="Watches">File watches and instances of them, timers and event descriptors.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Memory">Private memory in use, in KiB.</param>
internal sealed record Footprint(int Files, int Sockets, int Watches, int Threads, int Memory)
{
    public static Footprint Of(int process)
    {
        var root = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        int files = 0, sockets = 0, watches = 0;
        foreach (var descriptor in Directory.EnumerateFileSystemEntries(root + "/fd"))
        {
            var target = TargetOf(descriptor);
            if (target is null)
            {
                continue;
            }

            if (target.StartsWith("socket:", StringComparison.Ordinal))
            {
                sockets++;
            }
            else if (target.Contains("anon_inode:", StringComparison.Ordinal))
            {
                watches += 1 + WatchesOf(root + "/fdinfo/" + Path.GetFileName(descriptor));
            }
            else
            {
                files++;
            }
        }

        var status = File.ReadAllLines(root + "/status");
        return new Footprint(files, sockets, watches, Number(status, "Threads:"), Number(status, "RssAnon:"));
    }

    private static string? TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (IOException)
        {
            // Closed in between.
            return null;
        }
    }

    private static int WatchesOf(string info)
    {
        try
        {
            return File.ReadLines(info).Count(line => line.StartsWith("inotify", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static int Number(string[] status, string name) =>
        int.Parse(status.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
