using System.Diagnostics;
using Npgsql;

namespace Shop.Testing;

/// <summary>
/// A private PostgreSQL server of this test process, from the binaries on the machine: its own data directory, reached by a
/// socket file only, stopped and removed when the process ends.
/// </summary>
public static class PostgreSqlServer
{
    private static readonly string? BinDirectory = FindBinDirectory();
    private static readonly Lazy<string> Socket = new(Start);

    /// <summary>Why there is no server; null when there is one.</summary>
    public static string? SkipReason => BinDirectory is null
        ? "PostgreSQL's binaries (initdb, pg_ctl) are not on this machine; install Debian's package postgresql."
        : null;

    /// <summary>A new, empty database; its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        string name = "t" + Guid.NewGuid().ToString("N");
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    private static string ConnectionString(string database) => $"Host={Socket.Value};Username=postgres;Database={database}";

    private static string? FindBinDirectory() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .OrderByDescending(d => int.TryParse(Path.GetFileName(d), out int version) ? version : 0)
            .Select(d => Path.Combine(d, "bin"))
            .FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "pg_ctl")))
        : null;

    private static string Start()
    {
        string directory = Directory.CreateTempSubdirectory("shop-pg-").FullName;
        if (Environment.IsPrivilegedProcess) Run("chown", "postgres", directory);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            RunAsServer("pg_ctl", "-D", $"{directory}/data", "-m", "immediate", "stop");
            Directory.Delete(directory, recursive: true);
        };
        RunAsServer("initdb", "-D", $"{directory}/data", "-U", "postgres", "-A", "trust", "--no-sync");
        RunAsServer("pg_ctl", "-D", $"{directory}/data", "-l", $"{directory}/log", "-w", "-o", $"-k {directory} -c listen_addresses='' -c max_connections=300", "start");
        return directory;
    }

    // PostgreSQL refuses to run as root.
    private static void RunAsServer(string program, params string[] arguments)
    {
        string path = Path.Combine(BinDirectory!, program);
        if (Environment.IsPrivilegedProcess) Run("runuser", ["-u", "postgres", "--", path, .. arguments]);
        else Run(path, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // Output goes nowhere: the server that pg_ctl leaves behind would keep a pipe open for ever.
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
