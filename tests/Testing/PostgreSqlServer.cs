using System.Diagnostics;
using System.Text.RegularExpressions;
using Npgsql;

namespace Shop.Testing;

/// <summary>
/// A private PostgreSQL server from the binaries on the machine: its own data directory, stopped and removed with its owner, or
/// after its owner's process, however that ended. It listens on a socket file and on a port of loopback.
/// </summary>
public sealed partial class PostgreSqlServer : IDisposable
{
    private static readonly string? BinDirectory = FindBinDirectory();

    private const string Connections = "max_connections=600";

    // What is left to do when the owner's process could not.
    private const string StopAndRemove = """
        [ -f "$1/data/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"
        sleep 1
        [ -f "$1/huge_pages" ] && echo $(($(cat /proc/sys/vm/nr_hugepages) - $(cat "$1/huge_pages"))) > /proc/sys/vm/nr_hugepages
        rm -rf "$1"
        """;

    // What most tests share; it ends with the process.
    private static readonly Lazy<PostgreSqlServer> Shared = new(() => new PostgreSqlServer());

    private readonly string _directory;

    private readonly SmallDisk? _disk;
    private readonly HugePages? _hugePages;
    private readonly string _settings;

    /// <summary>
    /// Starts a server; on a disk of its own that can be filled, if asked; with settings such as <c>max_wal_size=8GB</c> beside its defaults; with huge pages for
    /// its shared memory, if asked and the system sets them aside.
    /// </summary>
    /// <exception cref="ArgumentException">A setting is not a name and a plain value.</exception>
    public PostgreSqlServer(bool onSmallDisk = false, IEnumerable<string>? settings = null, bool onHugePages = false)
    {
        string[] known = [.. settings ?? []];
        // They pass through a shell.
        if (known.FirstOrDefault(s => !Setting().IsMatch(s)) is { } odd) throw new ArgumentException($"'{odd}' is not a setting such as max_wal_size=8GB.", nameof(settings));
        _settings = string.Concat(known.Prepend(Connections).Select(s => $" -c {s}"));
        _directory = Directory.CreateTempSubdirectory("shop-pg-").FullName;
        if (onSmallDisk) _disk = new SmallDisk(_directory, megabytes: 400);
        Port = Ports.Free();
        if (Environment.IsPrivilegedProcess) Run("chown", "postgres", _directory);
        if (!onSmallDisk) Owner.AfterThis("""[ -d "$1" ]""", StopAndRemove, _directory);
        RunAsServer("initdb", "-D", $"{_directory}/data", "-U", "postgres", "-A", "trust", "--no-sync");
        if (onHugePages) _hugePages = ReserveHugePages();
        try
        {
            Start();
        }
        catch (InvalidOperationException e)
        {
            string log = File.Exists($"{_directory}/log") ? File.ReadAllText($"{_directory}/log").Trim() : "";
            Dispose();
            throw new InvalidOperationException($"{e.Message} {log}", e);
        }
    }

    /// <summary>What docs/operations.md says that the server of a busy shop is set to.</summary>
    public static IReadOnlyList<string> Tuned { get; } =
        ["shared_buffers=2GB", "max_wal_size=8GB", "min_wal_size=4GB", "checkpoint_timeout=30s", "checkpoint_completion_target=0.2", "wal_compression=lz4"];

    /// <summary>Why there is no server; null when there is one.</summary>
    public static string? SkipReason => BinDirectory is null
        ? "PostgreSQL's binaries (initdb, pg_ctl) are not on this machine; install Debian's package postgresql."
        : null;

    /// <summary>Whether huge pages were set aside for it.</summary>
    public bool HasHugePages => _hugePages is not null;

    /// <summary>The port of loopback.</summary>
    public int Port { get; }

    private string Options => $"-p {Port} -k {_directory} -c listen_addresses=127.0.0.1{_settings}";

    /// <summary>The connection string by way of the socket file.</summary>
    public string Socket => Local("postgres");

    /// <summary>A new, empty database on the shared server; its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        string name = "t" + Guid.NewGuid().ToString("N");
        await using var connection = new NpgsqlConnection(Shared.Value.Local("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return Shared.Value.Local(name);
    }

    /// <summary>
    /// Writes so many files of the log through (16 MB each), as a server has that worked for a day: they are used again, while one that is not there yet
    /// is made when it is needed, and commits wait for it. <c>min_wal_size</c> says how many of them stay.
    /// </summary>
    public async Task WriteLogThroughAsync(int files)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(Socket);
        // A file in which nothing was written is not left.
        await using NpgsqlCommand leave = database.CreateCommand("SELECT pg_create_restore_point('through'), pg_switch_wal()");
        for (int i = 0; i < files; i++) await leave.ExecuteNonQueryAsync();
        await using NpgsqlCommand checkpoint = database.CreateCommand("CHECKPOINT");
        await checkpoint.ExecuteNonQueryAsync();
    }

    /// <summary>The connection string by way of a port, this server's or that of a proxy before it.</summary>
    public static string At(int port) => $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres";

    /// <summary>Starts the server again.</summary>
    public void Start() => RunAsServer("pg_ctl", "-D", $"{_directory}/data", "-l", $"{_directory}/log", "-w", "-o", Options, "start");

    /// <summary>Restarts the server as an operator would who has no time.</summary>
    public void Restart() => RunAsServer("pg_ctl", "-D", $"{_directory}/data", "-l", $"{_directory}/log", "-w", "-m", "fast", "-o", Options, "restart");

    /// <summary>kill -9 of the server and all its processes.</summary>
    public void Kill()
    {
        int[] processes = Processes();
        Signal("KILL", processes);
        // The next start takes the socket and the memory over only when nobody has them any more.
        while (processes.Any(p => Directory.Exists($"/proc/{p}"))) Thread.Sleep(10);
    }

    /// <summary>Stops the server and all its processes in the middle of what they do (SIGSTOP), or lets them go on.</summary>
    public void Freeze(bool frozen) => Signal(frozen ? "STOP" : "CONT", Processes());

    /// <summary>The small disk that the server is on.</summary>
    public SmallDisk Disk => _disk ?? throw new InvalidOperationException("The server is on the machine's own disk.");

    /// <summary>Starts the server if it has ended by itself.</summary>
    public void StartIfDown()
    {
        // It may just be ending.
        for (int i = 0; i < 20 && Processes().Length > 0; i++) Thread.Sleep(50);
        if (Processes().Length == 0) Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Freeze(false);
        if (Processes().Length > 0) RunAsServer("pg_ctl", "-D", $"{_directory}/data", "-m", "immediate", "stop");
        _disk?.Dispose();
        _hugePages?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [GeneratedRegex("^[a-z_.]+=[A-Za-z0-9_.]+$")]
    private static partial Regex Setting();

    private static string? FindBinDirectory() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .OrderByDescending(d => int.TryParse(Path.GetFileName(d), out int version) ? version : 0)
            .Select(d => Path.Combine(d, "bin"))
            .FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "pg_ctl")))
        : null;

    private static void Signal(string signal, int[] processes)
    {
        if (processes.Length == 0) return;
        // One of them may have ended by itself by now, which kill says on its standard error.
        string[] numbers = [.. processes.Select(p => p.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        using Process kill = Process.Start(new ProcessStartInfo("kill", ["-" + signal, .. numbers]) { RedirectStandardError = true })!;
        kill.WaitForExit();
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

    // The server says how many it takes, since version 15.
    private HugePages? ReserveHugePages()
    {
        if (!Environment.IsPrivilegedProcess) return null;
        using Process process = Process.Start(new ProcessStartInfo("runuser",
            ["-u", "postgres", "--", Path.Combine(BinDirectory!, "postgres"), "-D", $"{_directory}/data", .. _settings.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-C", "shared_memory_size_in_huge_pages"])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (!int.TryParse(answer, System.Globalization.CultureInfo.InvariantCulture, out int pages) || HugePages.TryReserve(pages) is not { } reserved) return null;
        // Whoever waits for the end of this process gives them back if it cannot.
        File.WriteAllText($"{_directory}/huge_pages", pages.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return reserved;
    }

    private string Local(string database) => $"Host={_directory};Port={Port};Username=postgres;Database={database}";

    // The postmaster first, then whatever it has started.
    private int[] Processes()
    {
        string file = $"{_directory}/data/postmaster.pid";
        if (!File.Exists(file)) return [];
        int postmaster = int.Parse(File.ReadLines(file).First(), System.Globalization.CultureInfo.InvariantCulture);
        if (!Directory.Exists($"/proc/{postmaster}")) return [];
        string children = File.ReadAllText($"/proc/{postmaster}/task/{postmaster}/children");
        return [postmaster, .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => int.Parse(c, System.Globalization.CultureInfo.InvariantCulture))];
    }
}
