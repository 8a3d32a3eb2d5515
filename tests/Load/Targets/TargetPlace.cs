using Shop.Testing;

namespace Shop.Load.Targets;

/// <summary>A target and what was started for it.</summary>
public sealed class TargetPlace : IAsyncDisposable
{
    // 4 GB, what the settings of a busy shop keep: four minutes at full speed.
    private const int LogFiles = 256;

    private readonly PostgreSqlServer? _server;

    private TargetPlace(IShopTarget target, PostgreSqlServer? server) => (Target, _server) = (target, server);

    /// <summary>The target.</summary>
    public IShopTarget Target { get; }

    /// <summary>Opens what the command line names; the settings are those of a private PostgreSQL server, which may be set up for a busy shop.</summary>
    public static async Task<TargetPlace> OpenAsync(string name, string key, string? database, IReadOnlyCollection<string> settings, bool isTuned = false)
    {
        bool isElsewhere = Uri.TryCreate(name, UriKind.Absolute, out Uri? address);
        if ((isTuned || settings.Count > 0) && (isElsewhere || database is not null)) throw new InvalidOperationException("Settings are for the private PostgreSQL server only; a database that is named has its own.");
        if (isElsewhere) return new TargetPlace(new HttpTarget(address!, key), null);
        if (name is not ("gateway" or "in-process" or "plain")) throw new InvalidOperationException($"'{name}' is neither an address nor gateway, in-process or plain.");
        if (database is null && PostgreSqlServer.SkipReason is { } reason) throw new InvalidOperationException(reason);
        PostgreSqlServer? server = database is null ? new PostgreSqlServer(settings: isTuned ? [.. PostgreSqlServer.Tuned, .. settings] : settings, onHugePages: isTuned) : null;
        if (isTuned && !server!.HasHugePages) Console.Error.WriteLine("No huge pages could be set aside for the database (that takes root and free memory); it has them only if the system has some. See docs/operations.md.");
        try
        {
            if (isTuned) await server!.WriteLogThroughAsync(LogFiles);
            return new TargetPlace(await StartAsync(name, database ?? server!.Socket), server);
        }
        catch
        {
            server?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Target.DisposeAsync();
        _server?.Dispose();
    }

    private static async Task<IShopTarget> StartAsync(string name, string database) => name switch
    {
        "plain" => await PlainTarget.StartAsync(database),
        "in-process" => await GrainTarget.StartAsync([new("Shop:ConnectionString", database)]),
        _ => (await GatewayProcess.StartAsync(database)).Target,
    };
}
