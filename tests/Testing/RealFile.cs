using Xunit;

namespace Shop.Testing;

/// <summary>The Online Retail file, which is not part of the repository.</summary>
public static class RealFile
{
    /// <summary>Where it is; null when it is not there.</summary>
    public static string? Path { get; } = Find();

    /// <summary>Why tests that need it are skipped; null when it is there.</summary>
    public static string? SkipReason => Path is null ? "online-retail.csv is not beside the repository (shared/data) and SHOP_ONLINE_RETAIL does not name it." : null;

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SHOP_ONLINE_RETAIL") is { } named && File.Exists(named)) return named;
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string file = System.IO.Path.Combine(directory.FullName, "shared", "data", "online-retail.csv");
            if (File.Exists(file)) return file;
        }

        return null;
    }
}

/// <summary>A test that needs the Online Retail file; reported as skipped, with the reason, where it is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealFileFactAttribute : FactAttribute
{
    public RealFileFactAttribute() => Skip = RealFile.SkipReason;
}
