using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A state that is read before its grain activates.</summary>
internal interface IStateFacet
{
    Task ReadStateAsync(CancellationToken cancellationToken);
}

/// <summary>The state of one grain under one name, in one storage.</summary>
internal sealed class PersistentState<TState>(GrainId grainId, string name, IGrainStorage storage) : IPersistentState<TState>, IGrainState<TState>, IStateFacet
{
    public TState State { get; set; } = Activator.CreateInstance<TState>();

    public string? ETag { get; set; }

    public string? Etag => ETag;

    public bool RecordExists { get; set; }

    public Task ReadStateAsync(CancellationToken cancellationToken) => storage.ReadStateAsync(name, grainId, this);

    public Task WriteStateAsync(CancellationToken cancellationToken) => storage.WriteStateAsync(name, grainId, this);

    public Task ClearStateAsync(CancellationToken cancellationToken) => storage.ClearStateAsync(name, grainId, this);
}
