using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Shop.Cluster.Tests;

/// <summary>A silo or a gateway in a process of its own, which can be killed, stopped in mid-air and started again.</summary>
public sealed class ShopProcess : IDisposable
{
    private static readonly ConcurrentDictionary<int, bool> Alive = new();
    private static readonly Lazy<(string? Library, string? Obstacle)> Clock = new(CompileClock);
    private readonly string _program;
    private readonly IReadOnlyList<KeyValuePair<string, string?>> _settings;
    private readonly Uri _health;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly string _clock = Path.Combine(Path.GetTempPath(), $"shop-clock-{Guid.NewGuid():N}");
    private readonly bool _canJump;
    private Process? _process;

    public ShopProcess(string program, Uri address, IEnumerable<KeyValuePair<string, string?>> settings, bool canJump)
    {
        _canJump = canJump;
        _program = program;
        _health = address;
        _settings = [.. settings, new("urls", address.ToString())];
    }

    public static IEnumerable<int> Running => Alive.Keys;

    /// <summary>Where an older build is that upgrades start from; null when there is none.</summary>
    public static string? PreviousVersion { get; set; }

    /// <summary>Whether the next start is of the older build.</summary>
    public bool IsPrevious { get; set; }

    /// <summary>The program.</summary>
    public string ProgramFile => Path.Combine(IsPrevious ? PreviousVersion! : AppContext.BaseDirectory, _program);

    /// <summary>Its settings, as the command line has them.</summary>
    public IEnumerable<string> Arguments => _settings.Select(s => $"--{s.Key}={s.Value}");

    public int Id => _process!.Id;

    public Uri Address => _health;

    /// <summary>Whether it has ended by itself.</summary>
    public bool HasEnded => _process!.HasExited;

    /// <summary>The last lines that the process printed since it was started.</summary>
    public string Output => string.Join('\n', _output);

    public void Start()
    {
        var start = new ProcessStartInfo("dotnet", [ProgramFile, .. Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["DOTNET_ENVIRONMENT"] = start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["Logging__LogLevel__Microsoft"] = "Warning";
        if (_canJump)
        {
            JumpClock(TimeSpan.Zero);
            start.Environment["LD_PRELOAD"] = Clock.Value.Library;
            start.Environment["SHOP_CLOCK"] = _clock;
        }

        _output.Clear();
        _process = Process.Start(start)!;
        Owner.EndsWithThis(_process);
        Alive[_process.Id] = true;
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task WhenReadyAsync(TimeSpan limit)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (true)
        {
            if (_process!.HasExited) throw new InvalidOperationException($"{_program} ended with {_process.ExitCode}:\n{Output}");
            try
            {
                if ((await http.GetAsync(new Uri(_health, "/health/ready"))).IsSuccessStatusCode) return;
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException)
            {
                // Not listening yet.
            }

            if (Environment.TickCount64 > end) throw new TimeoutException($"{_program} was not ready within {limit}:\n{Output}");
            await Task.Delay(50);
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is null) return;
        _process.Kill();
        End();
    }

    /// <summary>SIGTERM, and the wait for an end in good order.</summary>
    public async Task StopAsync()
    {
        Signal("TERM");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process!.WaitForExitAsync(limit.Token);
        int code = _process.ExitCode;
        End();
        if (code != 0) throw new InvalidOperationException($"{_program} ended with {code}:\n{Output}");
    }

    /// <summary>Why clocks cannot be made to jump here; null when they can.</summary>
    public static string? ClockObstacle => Clock.Value.Obstacle;

    /// <summary>Sets the clock of the process, not its monotonic clock, so much ahead of the true time or behind it.</summary>
    public void JumpClock(TimeSpan by)
    {
        byte[] seconds = new byte[sizeof(long)];
        MemoryMarshal.Write(seconds, (long)by.TotalSeconds);
        // In place: the process has the file mapped.
        using var file = new FileStream(_clock, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(seconds);
    }

    /// <summary>How far the clock of the process is ahead of ours, by the date that its web server gives.</summary>
    public async Task<TimeSpan> ClockAheadAsync()
    {
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync(new Uri(_health, "/health/live"));
        return answer.Headers.Date!.Value - TimeProvider.System.GetUtcNow();
    }

    /// <summary>SIGSTOP or SIGCONT.</summary>
    public void Freeze(bool frozen) => Signal(frozen ? "STOP" : "CONT");

    public void Dispose()
    {
        Kill();
        File.Delete(_clock);
    }

    private static (string? Library, string? Obstacle) CompileClock()
    {
        if (!OperatingSystem.IsLinux()) return (null, "Clocks jump on Linux only.");
        string library = Path.Combine(Path.GetTempPath(), $"shop-clock-{Environment.ProcessId}.so");
        try
        {
            using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O2", "-o", library, Path.Combine(AppContext.BaseDirectory, "JumpingClock.c")]);
            compiler.WaitForExit();
            AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(library);
            return compiler.ExitCode == 0 ? (library, null) : (null, "The C compiler failed on JumpingClock.c.");
        }
        catch (Win32Exception)
        {
            return (null, "There is no C compiler (cc) on this machine; install Debian's packages gcc and libc6-dev.");
        }
    }

    private void Signal(string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private void End()
    {
        _process!.WaitForExit();
        Alive.TryRemove(_process.Id, out _);
        _process.Dispose();
        _process = null;
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrEmpty(line)) return;
        _output.Enqueue(line);
        while (_output.Count > 400) _output.TryDequeue(out _);
    }
}
