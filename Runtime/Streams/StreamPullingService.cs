using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>Has a pump for every stream whose consumer has its place on this silo, also after grains have moved.</summary>
internal sealed class StreamPullingService(string providerName, IStreamSource source, Silo silo, GrainManifest manifest, StreamPullingAgentOptions options)
    : IHostedLifecycleService, IDisposable
{
    private readonly Dictionary<(StreamId Stream, GrainId Consumer), StreamPump> _pumps = [];
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _dividing = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Deliveries begin when the silo is there, and end before it goes.
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        silo.OwnershipChanged += () => _ = TryDivideAsync();
        _dividing = Task.Run(DivideForeverAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _dividing;
        await _oneAtATime.WaitAsync(CancellationToken.None);
        await Task.WhenAll(_pumps.Values.Select(p => p.DisposeAsync().AsTask()));
        _pumps.Clear();
        _oneAtATime.Release();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _stop.Dispose();
        _oneAtATime.Dispose();
    }

    private async Task DivideForeverAsync()
    {
        try
        {
            while (true)
            {
                await TryDivideAsync();
                await Task.Delay(options.DivideInterval, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task TryDivideAsync()
    {
        if (_stop.IsCancellationRequested) return;
        try
        {
            await _oneAtATime.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            await DivideAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            RuntimeLog.StreamsUndivided(silo.Log, e, providerName);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task DivideAsync()
    {
        HashSet<(StreamId Stream, GrainId Consumer)> mine = [];
        foreach (StreamId stream in source.Streams)
        {
            foreach (GrainType consumer in manifest.ConsumersOf(stream.GetNamespace()))
            {
                var grain = new GrainId(consumer, IdSpan.Create(stream.GetKeyAsString()));
                if (silo.Owns(grain)) mine.Add((stream, grain));
            }
        }

        foreach ((StreamId Stream, GrainId Consumer) key in _pumps.Keys.Where(k => !mine.Contains(k)).ToArray())
        {
            _pumps.Remove(key, out StreamPump? pump);
            await pump!.DisposeAsync();
        }

        foreach ((StreamId Stream, GrainId Consumer) key in mine)
            if (!_pumps.ContainsKey(key)) _pumps[key] = new StreamPump(silo, providerName, source, key.Stream, key.Consumer, options);
    }
}
