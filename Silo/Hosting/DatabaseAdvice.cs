using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Shop.Hosting;

/// <summary>Says once, in the log, what the database's settings mean for the shop. Nothing waits for it, and without an answer nothing is said.</summary>
internal sealed class DatabaseAdvice(IOptions<ShopOptions> options, ILogger<DatabaseAdvice> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.IsPostgreSql) return;
        try
        {
            DatabaseSettings settings = await DatabaseSettings.ReadAsync(options.Value.ConnectionString!, stoppingToken);
            if (!settings.KeepsWhatItAnswered) DatabaseLog.ForgetsInACrash(log);
            if (settings.Defaults.Count > 0) DatabaseLog.HasDefaults(log, string.Join(", ", settings.Defaults));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            DatabaseLog.NotAsked(log, e);
        }
    }
}

internal static partial class DatabaseLog
{
    [LoggerMessage(111, LogLevel.Warning, "PostgreSQL runs with fsync = off: a crash of its machine takes along orders that were answered")]
    public static partial void ForgetsInACrash(ILogger log);

    [LoggerMessage(112, LogLevel.Information, "PostgreSQL has the settings of a new server: {Settings}. A busy shop's are in docs/operations.md, under Sizing")]
    public static partial void HasDefaults(ILogger log, string settings);

    [LoggerMessage(113, LogLevel.Debug, "PostgreSQL was not asked for its settings")]
    public static partial void NotAsked(ILogger log, Exception error);
}
