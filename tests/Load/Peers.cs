using System.Diagnostics;
using System.Globalization;

namespace Shop.Load;

/// <summary>What others do on this machine, by a script that prints a name and a number a second on each line.</summary>
public static class Peers
{
    /// <summary>Runs the script.</summary>
    public static async Task<IReadOnlyDictionary<string, double>> MeasureAsync(string script, int seconds)
    {
        using Process process = Process.Start(new ProcessStartInfo("bash", [script, seconds.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).Where(p => p.Length == 2 && double.TryParse(p[1], CultureInfo.InvariantCulture, out _))
            .ToDictionary(p => p[0], p => double.Parse(p[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Where the script is when nobody says: beside the repository. Null when it is not there.</summary>
    public static string? Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string file = Path.Combine(directory.FullName, "shared", "bench", "peers.sh");
            if (File.Exists(file)) return file;
        }

        return null;
    }
}
