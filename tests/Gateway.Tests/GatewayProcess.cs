using System.Diagnostics;
using System.Net.Sockets;

namespace Shop.Gateway.Tests;

/// <summary>A shop in a process of its own, which can be killed as the kernel kills.</summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private readonly StorePlace _place;
    private readonly Uri _address;
    private readonly KeyValuePair<string, string>[] _environment;
    private Process? _process;

    private GatewayProcess(StorePlace place, KeyValuePair<string, string>[] environment)
    {
        _place = place;
        _environment = environment;
        _address = new Uri($"http://127.0.0.1:{Ports.Free()}");
        Admin = new ShopClient(_address, ShopHost.SecretKey);
    }

    /// <summary>A client of the present process: one of an earlier process may still hold connections that were reset with it.</summary>
    public ShopClient Admin { get; private set; }

    /// <summary>The id of the present process.</summary>
    public int ProcessId => _process!.Id;

    public static async Task<GatewayProcess> StartAsync(StorePlace place, params KeyValuePair<string, string>[] environment)
    {
        var gateway = new GatewayProcess(place, environment);
        await gateway.StartAsync();
        return gateway;
    }

    public static Process Run(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string?>> settings, params IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Shop.Gateway.dll"), .. arguments, .. settings.Select(s => $"--{s.Key}={s.Value}")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["DOTNET_ENVIRONMENT"] = start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        Process process = Process.Start(start)!;
        Owner.EndsWithThis(process);
        return process;
    }

    /// <summary>A client with another key or token.</summary>
    public ShopClient Client(string key) => new(_address, key);

    public async Task StartAsync()
    {
        Admin.Dispose();
        Admin = new ShopClient(_address, ShopHost.SecretKey);
        _process = Run([], [
            .. _place.Settings, new("urls", _address.ToString()), new("Shop:SecretKey", ShopHost.SecretKey), new("Logging:LogLevel:Default", "Warning"),
            new("Shop:PaymentWindow", "00:00:20")], _environment);
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        string errors = "";
        _process.ErrorDataReceived += (_, e) => errors += e.Data;
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if (_process.HasExited) throw new InvalidOperationException($"The gateway ended with {_process.ExitCode}: {errors}");
            try
            {
                if ((await Admin.Http.GetAsync("/health/ready", limit.Token)).IsSuccessStatusCode) return;
            }
            catch (Exception e) when (e is HttpRequestException or SocketException)
            {
                // Not listening yet.
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>The stop that an operator's tools send (SIGTERM); the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (Process kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
        int code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
        Admin.Dispose();
    }
}
