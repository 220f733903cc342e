using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>
/// Files as Kubernetes mounts a ConfigMap or a Secret: each name is a link through <c>..data</c>, and an update is one
/// renaming of that link. No file that anybody opened ever changes.
/// </summary>
internal sealed class Mount
{
    private const string Data = "..data";
    private readonly string directory;
    private readonly Dictionary<string, string> files = [];
    private int version;

    public Mount(string directory)
    {
        this.directory = directory;
        Directory.CreateDirectory(directory);
    }

    public string PathOf(string name) => Path.Combine(directory, name);

    /// <summary>Swaps in a version in which this file has this content.</summary>
    public void Write(string name, string content)
    {
        files[name] = content;
        var next = string.Create(CultureInfo.InvariantCulture, $"..{++version}");
        var path = PathOf(next);
        Directory.CreateDirectory(path);
        foreach (var (file, text) in files)
        {
            File.WriteAllText(Path.Combine(path, file), text);
        }

        var link = PathOf("..data_tmp");
        Directory.CreateSymbolicLink(link, next);
        Assert.Equal(0, Rename(link, PathOf(Data)));
        if (!File.Exists(PathOf(name)))
        {
            File.CreateSymbolicLink(PathOf(name), Path.Combine(Data, name));
        }

        if (version > 1)
        {
            Directory.Delete(PathOf(string.Create(CultureInfo.InvariantCulture, $"..{version - 1}")), recursive: true);
        }
    }

    [DllImport("libc", EntryPoint = "rename", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename(string from, string to);
}
