namespace Shop.Testing;

/// <summary>The repository that the tests run from.</summary>
public static class Repository
{
    /// <summary>Its directory.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "Shop.sln"))) return directory.FullName;
        throw new InvalidOperationException("The tests do not run from within the repository.");
    }
}
