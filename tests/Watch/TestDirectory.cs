using System.Runtime.CompilerServices;

namespace Watch;

/// <summary>Where tests, and the programs that they start, write what is temporary: one directory of the run, which goes with it.</summary>
internal static class TestDirectory
{
    [ModuleInitializer]
    internal static void Begin()
    {
        if (OperatingSystem.IsWindows())
        {
            // There the place is not asked of one variable alone.
            return;
        }

        var directory = Directory.CreateTempSubdirectory("gateway-tests-").FullName;
        Environment.SetEnvironmentVariable("TMPDIR", directory);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete(directory);
    }

    private static void Delete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // A program that was started still writes there.
        }
    }
}
