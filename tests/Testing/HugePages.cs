using System.Globalization;

namespace Shop.Testing;

/// <summary>
/// Huge pages (2 MB on most machines) that Linux sets aside for whoever maps them, as docs/operations.md says for the memory of a database; given back at the end.
/// Only root may ask for them, and only memory that is free in one piece becomes one.
/// </summary>
public sealed class HugePages : IDisposable
{
    private const string CountFile = "/proc/sys/vm/nr_hugepages";
    private readonly int _pages;

    private HugePages(int pages) => _pages = pages;

    /// <summary>Sets so many aside beside those that are there; null when the system does not.</summary>
    public static HugePages? TryReserve(int pages)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || pages <= 0) return null;
        try
        {
            int before = Add(pages);
            var reserved = new HugePages(Count() - before);
            if (reserved._pages >= pages) return reserved;
            reserved.Dispose();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A container that may not.
            return null;
        }
    }

    /// <summary>How many huge pages the system has.</summary>
    public static int Count() => !File.Exists(CountFile) ? 0 : int.Parse(File.ReadAllText(CountFile), CultureInfo.InvariantCulture);

    /// <summary>Gives them back.</summary>
    public void Dispose() => Add(-_pages);

    private static int Add(int pages)
    {
        int before = Count();
        File.WriteAllText(CountFile, Math.Max(0, before + pages).ToString(CultureInfo.InvariantCulture));
        return before;
    }
}
