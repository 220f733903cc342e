namespace Deputy.Staging;

/// <summary>The directory that <c>${repository}</c> stands for.</summary>
internal static class Repository
{
    /// <summary>The nearest directory above that holds the solution, else the working directory.</summary>
    public static string Find(string from)
    {
        for (var at = new DirectoryInfo(from); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
            {
                return at.FullName;
            }
        }

        return Environment.CurrentDirectory;
    }
}
