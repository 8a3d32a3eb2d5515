using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Storage;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>A silo in this process over a store that tests can disturb.</summary>
internal sealed class ShopCluster : IAsyncDisposable
{
    private readonly IHost _host;

    private ShopCluster(IHost host, DisturbedStore store) => (_host, Store) = (host, store);

    public DisturbedStore Store { get; }

    public IProjectionStore Projections => _host.Services.GetRequiredService<IProjectionStore>();

    public IGrainStorage Snapshots => _host.Services.GetRequiredKeyedService<IGrainStorage>(JournalServices.SnapshotStorage);

    public JournalWriter Writer => _host.Services.GetRequiredService<JournalWriter>();

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<ShopCluster> StartAsync(StorePlace place, Action<IServiceCollection>? configure = null, string commitTimeout = "00:00:20")
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([
            .. place.Settings, new("Shop:Journal:CommitTimeout", commitTimeout), new("Shop:Journal:ProbeInterval", "00:00:00.020"), new("Shop:Journal:SnapshotEvents", "100"),
            new("Shop:PaymentTimeout", "00:00:00.200"), new("Shop:PaymentWindow", "00:00:30")]);
        builder.AddShopSilo();
        // Two silos over one file are what these tests are about.
        builder.Services.Remove(builder.Services.Single(s => s.ImplementationType == typeof(DataDirectoryLock)));
        var store = new DisturbedStore(ShopSiloExtensions.CreateStore(builder.Configuration.GetSection("Shop").Get<ShopOptions>()!));
        builder.Services.AddSingleton<IJournalStore>(store);
        configure?.Invoke(builder.Services);
        IHost host = builder.Build();
        await host.StartAsync();
        return new ShopCluster(host, store);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _host.StopAsync(limit.Token);
        _host.Dispose();
    }
}

/// <summary>A store whose connection breaks before or after a commit, whose server is gone, or that waits until it is told.</summary>
internal sealed class DisturbedStore(IJournalStore inner) : IJournalStore
{
    private TaskCompletionSource _gate = Opened();
    private Func<JournalCommit, bool> _waits = _ => true;

    public int BreakBefore { get; set; }

    public int BreakAfter { get; set; }

    public bool IsDown { get; set; }

    public int Batches { get; private set; }

    public int Commits { get; private set; }

    /// <summary>From now on batches wait, all of them or those that have a certain commit.</summary>
    public void Close(Func<JournalCommit, bool>? waits = null)
    {
        _waits = waits ?? (_ => true);
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Open() => _gate.TrySetResult();

    public async Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<JournalCommit> commits, CancellationToken cancellation)
    {
        if (commits.Any(_waits)) await _gate.Task.WaitAsync(cancellation);
        ThrowIfDown();
        if (BreakBefore > 0 && BreakBefore-- > 0) throw new IOException("The connection broke before the commit.");
        IReadOnlyList<bool> added = await inner.AppendAsync(commits, cancellation);
        Batches++;
        Commits += commits.Count;
        return BreakAfter > 0 && BreakAfter-- > 0 ? throw new IOException("The connection broke after the commit.") : added;
    }

    public Task PingAsync(CancellationToken cancellation)
    {
        ThrowIfDown();
        return inner.PingAsync(cancellation);
    }

    public Task EnsureSchemaAsync(CancellationToken cancellation) => inner.EnsureSchemaAsync(cancellation);

    public Task<IReadOnlyList<JournalCommit>> ReadGrainAsync(string grainId, long afterVersion, int limit, CancellationToken cancellation) => Up(() => inner.ReadGrainAsync(grainId, afterVersion, limit, cancellation));

    public Task<IReadOnlyList<JournalCommit>> ReadTailAsync(string grainId, int limit, CancellationToken cancellation) => Up(() => inner.ReadTailAsync(grainId, limit, cancellation));

    public Task<JournalPosition> ReadEndAsync(int partition, CancellationToken cancellation) => Up(() => inner.ReadEndAsync(partition, cancellation));

    public Task<IReadOnlyList<PositionedCommit>> ReadPartitionAsync(
        int partition, JournalPosition after, int limit, CancellationToken cancellation, IReadOnlySet<CommitIdentity>? known = null) =>
        Up(() => inner.ReadPartitionAsync(partition, after, limit, cancellation, known));

    public Task<IReadOnlyList<JournalCommit>> ReadTypeAsync(string grainType, string? afterGrainId, long afterVersion, int limit, CancellationToken cancellation) => Up(() => inner.ReadTypeAsync(grainType, afterGrainId, afterVersion, limit, cancellation));

    public Task<IReadOnlyList<string>> ReadIdsAsync(string grainType, string? afterGrainId, int limit, CancellationToken cancellation) => Up(() => inner.ReadIdsAsync(grainType, afterGrainId, limit, cancellation));

    public Task<IReadOnlyList<string>> ReadNewestIdsAsync(string grainType, int limit, CancellationToken cancellation) => Up(() => inner.ReadNewestIdsAsync(grainType, limit, cancellation));

    private static TaskCompletionSource Opened()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }

    private Task<T> Up<T>(Func<Task<T>> read)
    {
        ThrowIfDown();
        return read();
    }

    private void ThrowIfDown()
    {
        if (IsDown) throw new IOException("The server is gone.");
    }
}
