using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams.Core;

namespace Orleans.Streams;

/// <summary>
/// Brings one stream to one consumer that has its place on this silo, in order and at least once. The consumer says where it
/// wants to start, once an activation; what it fails to take comes again.
/// </summary>
internal sealed class StreamPump : IAsyncDisposable
{
    private readonly Silo _silo;
    private readonly string _providerName;
    private readonly IStreamSource _source;
    private readonly StreamId _stream;
    private readonly GrainId _consumer;
    private readonly StreamPullingAgentOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public StreamPump(Silo silo, string providerName, IStreamSource source, StreamId stream, GrainId consumer, StreamPullingAgentOptions options)
    {
        (_silo, _providerName, _source, _stream, _consumer, _options) = (silo, providerName, source, stream, consumer, options);
        using (ExecutionContext.SuppressFlow()) _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        TimeSpan rest = _options.RetryDelayMin;
        StreamSubscription? subscription = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                subscription ??= await SubscribeAsync();
                if (subscription is null) return;
                while (true)
                {
                    if (await DeliverNextAsync(subscription)) rest = _options.RetryDelayMin;
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (OtherActivationException)
            {
                // Another activation than the one that was asked has to be asked first; that is nobody's failure.
                subscription = null;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                RuntimeLog.DeliveryFailed(_silo.Log, e, _stream, _consumer);
                await TellAsync(subscription, e);
                await RestAsync(rest);
                rest = TimeSpan.FromTicks(Math.Min(rest.Ticks * 2, _options.RetryDelayMax.Ticks));
            }
        }
    }

    private Task<StreamSubscription?> SubscribeAsync() => RunOnConsumerAsync("subscribe", async grain =>
    {
        var subscription = new StreamSubscription(grain, _providerName, _stream);
        if (grain is not IStreamSubscriptionObserver observer) return null;
        await observer.OnSubscribed(subscription);
        return subscription.IsResumed ? subscription : null;
    });

    private async Task<bool> DeliverNextAsync(StreamSubscription subscription)
    {
        // By itself, so that nothing that was delivered is held while more is waited for.
        bool hasDelivered = await DeliverWhatIsThereAsync(subscription);
        // Also after a delivery: what came meanwhile is little, and a delivery costs the same however little is in it.
        await _source.WaitAsync(_stream, subscription.After, _stop.Token);
        return hasDelivered;
    }

    private async Task<bool> DeliverWhatIsThereAsync(StreamSubscription subscription)
    {
        IReadOnlyList<StreamItem> items = await _source.ReadAsync(_stream, subscription.After, _options.BatchItemsMax, _stop.Token);
        if (items.Count == 0) return false;
        return await RunOnConsumerAsync("deliver", async grain =>
        {
            if (!ReferenceEquals(grain, subscription.Grain)) throw new OtherActivationException();
            await subscription.DeliverAsync(items);
            return true;
        });
    }

    private async Task<T> RunOnConsumerAsync<T>(string name, Func<object, Task<T>> turn)
    {
        _stop.Token.ThrowIfCancellationRequested();
        return await _silo.RunAsync(_consumer, new LocalRequest<T>(name, turn)).WaitAsync(_stop.Token);
    }

    private async Task TellAsync(StreamSubscription? subscription, Exception error)
    {
        if (subscription is null || _stop.IsCancellationRequested) return;
        try
        {
            await RunOnConsumerAsync("fail", async grain =>
            {
                if (ReferenceEquals(grain, subscription.Grain)) await subscription.FailAsync(error);
                return true;
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It has been logged why the delivery failed; that the consumer does not want to hear of it changes nothing.
        }
    }

    private async Task RestAsync(TimeSpan time)
    {
        try
        {
            await Task.Delay(time * (0.5 + Random.Shared.NextDouble()), _silo.Clock, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    private sealed class OtherActivationException : Exception;
}
