using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace Shop.Cluster.Tests;

/// <summary>A silo or a gateway in a process of its own, which can be killed, stopped in mid-air and started again.</summary>
public sealed class ShopProcess : IDisposable
{
    private static readonly ConcurrentDictionary<int, bool> Alive = new();
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

    public int Id => _process!.Id;

    public Uri Address => _health;

    /// <summary>The last lines that the process printed.</summary>
    public string Output => string.Join('\n', _output);

    public void Start()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(IsPrevious ? PreviousVersion! : AppContext.BaseDirectory, _program), .. _settings.Select(s => $"--{s.Key}={s.Value}")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["DOTNET_ENVIRONMENT"] = start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["Logging__LogLevel__Microsoft"] = "Warning";
        if (_canJump)
        {
            File.WriteAllText(_clock, "+0s\n");
            start.Environment["LD_PRELOAD"] = FakeTime!;
            start.Environment["FAKETIME_TIMESTAMP_FILE"] = _clock;
            start.Environment["FAKETIME_CACHE_DURATION"] = "1";
            start.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = start.Environment["DONT_FAKE_MONOTONIC"] = "1";
        }

        _process = Process.Start(start)!;
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
    public static string? ClockObstacle => FakeTime is null ? "libfaketime is not on this machine; install Debian's package faketime." : null;

    private static string? FakeTime { get; } = Directory.Exists("/usr/lib") ? Directory.GetDirectories("/usr/lib", "*-linux-gnu")
        .Select(d => Path.Combine(d, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists) : null;

    /// <summary>Sets the clock of the process, not its monotonic clock, so much ahead of the true time or behind it.</summary>
    public void JumpClock(TimeSpan by) =>
        File.WriteAllText(_clock, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(by < TimeSpan.Zero ? '-' : '+')}{Math.Abs((long)by.TotalSeconds)}s\n"));

    /// <summary>SIGSTOP or SIGCONT.</summary>
    public void Freeze(bool frozen) => Signal(frozen ? "STOP" : "CONT");

    public void Dispose()
    {
        Kill();
        File.Delete(_clock);
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
