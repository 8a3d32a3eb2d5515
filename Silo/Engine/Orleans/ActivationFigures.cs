using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Orleans;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Shop.Engine;

/// <summary>How many of the shop's grains are in memory, by class, under the name that the embedded runtime's figure has.</summary>
internal sealed class ActivationFigures : IConfigureGrainContextProvider, IDisposable
{
    private readonly ConcurrentDictionary<string, LiveCount> _live = new(StringComparer.Ordinal);
    private readonly Meter _meter;

    public ActivationFigures(IMeterFactory meters)
    {
        _meter = meters.Create("Shop.Runtime");
        _meter.CreateObservableGauge("shop.runtime.activations.live",
            () => _live.Select(l => new Measurement<int>(l.Value.Now, new KeyValuePair<string, object?>("grain", l.Key))), "{activation}", "Activations in memory");
    }

    /// <summary>The number of the shop's grains in memory.</summary>
    public int Live => _live.Values.Sum(l => l.Now);

    public bool TryGetConfigurator(GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        bool isOurs = properties.Properties.TryGetValue(WellKnownGrainTypeProperties.FullTypeName, out string? name) && name.StartsWith("Shop.", StringComparison.Ordinal);
        configurator = isOurs ? _live.GetOrAdd(name![(name!.LastIndexOf('.') + 1)..], _ => new LiveCount()) : null;
        return isOurs;
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>Counts the activations of one class as they come and go.</summary>
    private sealed class LiveCount : IConfigureGrainContext, ILifecycleObserver
    {
        private int _now;

        public int Now => Volatile.Read(ref _now);

        public void Configure(IGrainContext context)
        {
            try
            {
                context.ObservableLifecycle.Subscribe(nameof(ActivationFigures), GrainLifecycleStage.Activate, this);
            }
            catch (NotImplementedException)
            {
                // What stands before stateless workers has no life of its own; each of them comes here too.
            }
        }

        public Task OnStart(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _now);
            return Task.CompletedTask;
        }

        public Task OnStop(CancellationToken cancellationToken)
        {
            Interlocked.Decrement(ref _now);
            return Task.CompletedTask;
        }
    }
}
