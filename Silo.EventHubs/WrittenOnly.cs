using Orleans.Streams;

namespace Shop.EventHubs;

/// <summary>Nobody here reads the hub, so there is no place to remember.</summary>
internal sealed class WrittenOnly : IStreamQueueCheckpointerFactory, IStreamQueueCheckpointer<string>
{
    public bool CheckpointExists => false;

    public Task<IStreamQueueCheckpointer<string>> Create(string partition) => Task.FromResult<IStreamQueueCheckpointer<string>>(this);

    public Task<string> Load() => Task.FromResult("");

    public void Update(string offset, DateTime utcNow)
    {
        // There is none.
    }

    internal sealed class Options;
}
