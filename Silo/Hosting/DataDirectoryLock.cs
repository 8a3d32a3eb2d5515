using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Shop.Hosting;

/// <summary>Keeps a second process out of SQLite's data directory: embedded means that one process has the grains.</summary>
internal sealed class DataDirectoryLock(IOptions<ShopOptions> options) : IHostedService, IDisposable
{
    private FileStream? _file;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.IsPostgreSql) return Task.CompletedTask;
        Directory.CreateDirectory(options.Value.DataDirectory);
        try
        {
            // The system lets go of it however the process ends.
            _file = new FileStream(Path.Combine(options.Value.DataDirectory, "shop.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartException($"Another process uses the data directory {Path.GetFullPath(options.Value.DataDirectory)}. Stop it, or set Shop:DataDirectory to another one.");
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _file?.Dispose();
}
