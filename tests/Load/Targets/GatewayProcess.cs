using System.Diagnostics;
using System.Globalization;

namespace Shop.Load.Targets;

/// <summary>A gateway with its silo in a process of its own.</summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private const string Key = "sk_load_0123456789abcdef";
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private const int LinesMax = 60;
    private readonly Process _process;

    private GatewayProcess(Process process) => _process = process;

    /// <summary>How long the process took from its start to its first answer.</summary>
    public TimeSpan FirstAnswerAfter { get; private set; }

    /// <summary>Starts a shop over a database and waits until it serves.</summary>
    public static async Task<(HttpTarget Target, GatewayProcess Process)> StartAsync(string connectionString, params string[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{Testing.Ports.Free()}");
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "Shop.Gateway.dll"), $"--Shop:ConnectionString={connectionString}", $"--Shop:SecretKey={Key}", "--Shop:Demo=false",
            "--Shop:RateLimit:KeyRequestsPerSecond=0", $"--urls={address}", "--Logging:LogLevel:Default=Error", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Error", .. settings,
        ])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        long began = Stopwatch.GetTimestamp();
        Process process = Process.Start(start)!;
        Testing.Owner.EndsWithThis(process);
        // It logs nothing but errors, and of them the first say why.
        int said = 0;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text && said++ < LinesMax) Console.Error.WriteLine(text);
        };
        process.BeginOutputReadLine();
        var gateway = new GatewayProcess(process);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        while (!await IsReadyAsync(http, address))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(began) > ReadyWithin)
            {
                await gateway.DisposeAsync();
                throw new InvalidOperationException("The shop that was started for this does not become ready; what it said is above.");
            }

            await Task.Delay(20);
        }

        gateway.FirstAnswerAfter = Stopwatch.GetElapsedTime(began);
        return (new HttpTarget(address, Key, () => [process.Id], gateway), gateway);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri address)
    {
        try
        {
            return (await http.GetAsync(new Uri(address, "/health/ready"))).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            // Not listening yet.
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using Process term = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await term.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            await _process.WaitForExitAsync(limit.Token);
        }

        _process.Dispose();
    }
}
