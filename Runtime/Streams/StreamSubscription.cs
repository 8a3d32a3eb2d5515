using Orleans.Runtime;
using Orleans.Streams.Core;

namespace Orleans.Streams;

/// <summary>What a grain said when it was told of its subscription: who takes the items, and from where on.</summary>
internal sealed class StreamSubscription(object grain, string providerName, StreamId streamId) : IStreamSubscriptionHandleFactory
{
    private Func<IReadOnlyList<StreamItem>, Task>? _deliver;
    private Func<Exception, Task>? _fail;
    private bool _hasDelivered;

    public object Grain => grain;

    public StreamId StreamId => streamId;

    public string ProviderName => providerName;

    /// <summary>The place of the last item that the grain has.</summary>
    public StreamSequenceToken? After { get; private set; }

    public bool IsResumed => _deliver is not null;

    public StreamSubscriptionHandle<T> Create<T>() => new Handle<T>(this);

    public async Task DeliverAsync(IReadOnlyList<StreamItem> items)
    {
        await _deliver!(items);
        After = items[^1].Token;
        _hasDelivered = true;
    }

    public Task FailAsync(Exception error) => _fail!(error);

    private void Resume(Func<IReadOnlyList<StreamItem>, Task> deliver, Func<Exception, Task> fail, StreamSequenceToken? after)
    {
        if (after is not null && _hasDelivered)
            throw new InvalidOperationException($"{streamId} has been delivered to this activation up to {After} and cannot go back to {after}: within an activation a stream only goes forward.");
        (_deliver, _fail, After) = (deliver, fail, after ?? After);
    }

    private sealed class Handle<T>(StreamSubscription subscription) : StreamSubscriptionHandle<T>
    {
        public override StreamId StreamId => subscription.StreamId;

        public override string ProviderName => subscription.ProviderName;

        public override Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token = null)
        {
            subscription.Resume(
                async items =>
                {
                    foreach (StreamItem item in items)
                    {
                        await observer.OnNextAsync((T)item.Item, item.Token);
                        subscription.After = item.Token;
                    }
                },
                observer.OnErrorAsync, token);
            return Task.FromResult<StreamSubscriptionHandle<T>>(this);
        }

        public override Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token = null)
        {
            subscription.Resume(
                items => observer.OnNextAsync([.. items.Select(i => new SequentialItem<T>((T)i.Item, i.Token))]), observer.OnErrorAsync, token);
            return Task.FromResult<StreamSubscriptionHandle<T>>(this);
        }
    }
}
