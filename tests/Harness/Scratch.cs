namespace Harness;

/// <summary>Directories for what is made where nothing is disposed of: in the data of theories, or in a change of a configuration.</summary>
public static class Scratch
{
    /// <summary>A new directory, which is gone when the test process ends.</summary>
    public static string Directory(string prefix)
    {
        var made = System.IO.Directory.CreateTempSubdirectory(prefix);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => made.Delete(recursive: true);
        return made.FullName;
    }
}
