using System.Globalization;

namespace Shop.Gateway.Http;

/// <summary>How many files and connections the system lets this process have open. A process that runs into that limit cannot even say no.</summary>
internal static class OpenFiles
{
    private const string Limits = "/proc/self/limits", Line = "Max open files";

    /// <summary>The most connections that leave a quarter of what is allowed for everything else.</summary>
    public static int ConnectionsMax(int wanted)
    {
        if (!File.Exists(Limits) || File.ReadLines(Limits).FirstOrDefault(l => l.StartsWith(Line, StringComparison.Ordinal)) is not { } line) return wanted;
        string[] columns = line[Line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // The runtime raises the soft limit to the hard one, which is the second column.
        return columns.Length > 1 && long.TryParse(columns[1], NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? (int)Math.Min(wanted, limit * 3 / 4) : wanted;
    }
}
