using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Clustering;

/// <summary>Calls the grains of a cluster from a process that has none: it follows the views and speaks to the owners directly.</summary>
internal sealed class ClusterClient : ICallRouter, IHostedService, IDisposable
{
    private static readonly TimeSpan ClockTick = TimeSpan.FromMilliseconds(100);
    private readonly ClientMessagingOptions _messaging;
    private readonly Lazy<IReadOnlyList<IOutgoingGrainCallFilter>> _filters;
    private readonly CallDeadlines _deadlines = new();
    private readonly RemoteCalls _remote;
    private readonly Tls _tls;
    private Timer? _ticker;

    public ClusterClient(
        IServiceProvider services, GrainManifest manifest, IMembershipTable table, IOptions<ClientMessagingOptions> messaging,
        IOptions<ClusterMembershipOptions> membership, IOptions<ClusterMessagingOptions> cluster, ILogger<ClusterClient> log)
    {
        _messaging = messaging.Value;
        _filters = new(() => [.. services.GetServices<IOutgoingGrainCallFilter>()]);
        _tls = new Tls(cluster.Value);
        Membership = new Membership(table, membership.Value, log);
        _remote = new RemoteCalls(Membership, cluster.Value, _tls, _deadlines, static () => Environment.TickCount64, Route, log);
        Membership.ViewChanged += _remote.Keep;
        GrainFactory = new GrainFactory(manifest, this, services);
    }

    public Membership Membership { get; }

    public GrainFactory GrainFactory { get; }

    public IReadOnlyList<IOutgoingGrainCallFilter> OutgoingFilters => _filters.Value;

    public void Send(GrainRequest request)
    {
        request.DeadlineMs = Environment.TickCount64 + (long)_messaging.ResponseTimeout.TotalMilliseconds;
        request.Ambience = CallAmbience.Capture();
        Route(request);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        using (ExecutionContext.SuppressFlow()) _ticker = new Timer(_ => _deadlines.Sweep(Environment.TickCount64), null, ClockTick, ClockTick);
        return Membership.WatchAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _remote.DisposeAsync();
        await Membership.DisposeAsync();
    }

    public void Dispose()
    {
        _ticker?.Dispose();
        _tls.Dispose();
    }

    private void Route(GrainRequest request)
    {
        if (Membership.View.OwnerOf(request.Target!.UniformHash) is { } owner) _remote.Send(request, owner);
        else _remote.RetryLater(request, "The cluster has no silo.");
    }
}
