using Shop.Journaling;

namespace Shop.Silo.Tests;

/// <summary>A partition of numbered commits; reads wait at a gate until they are let through.</summary>
internal sealed class GatedStore : IJournalStore
{
    private readonly Dictionary<long, TaskCompletionSource> _waiting = [];
    private bool _isClosed;

    public int Commits { get; set; }

    /// <summary>Whether the commits tell nothing.</summary>
    public bool IsSilent { get; set; }

    public int Reads { get; private set; }

    public int EventsEach { get; set; } = 1;

    /// <summary>How many commits were asked for at the last read.</summary>
    public int Limit { get; private set; }

    public void Close() => _isClosed = true;

    public void Open(long? first)
    {
        lock (_waiting)
        {
            if (first is null) _isClosed = false;
            foreach ((long after, TaskCompletionSource gate) in _waiting)
                if (first is null || after == first) gate.TrySetResult();
            if (first is { } early) Gate(early).TrySetResult();
        }
    }

    public async Task<IReadOnlyList<PositionedCommit>> ReadPartitionAsync(
        int partition, JournalPosition after, int limit, CancellationToken cancellation, IReadOnlySet<CommitIdentity>? known = null)
    {
        Task gate;
        lock (_waiting)
        {
            Reads++;
            Limit = limit;
            gate = _isClosed ? Gate(after.Number).Task : Task.CompletedTask;
        }

        await gate;
        return [.. Enumerable.Range(1, Commits).Where(n => n > after.Number).Take(limit).Select(n => new PositionedCommit(
            new JournalCommit("stock/s", n, Guid.Empty, EventsEach, false, true, DateTimeOffset.UnixEpoch,
                System.Text.Encoding.UTF8.GetBytes(IsSilent ? """[{"$type":"stock.confirmed.1","id":"r","at":"2026-01-01T00:00:00Z"}]""" : "[" + string.Join(',', Enumerable.Range(0, EventsEach).Select(e => $$"""{"$type":"stock.received.1","quantity":1,"reference":"r{{n}}-{{e}}","at":"2026-01-01T00:00:00Z","change":1,"available":{{n}}}""")) + "]")),
            new JournalPosition(0, n)))];
    }

    public Task EnsureSchemaAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<JournalCommit> commits, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<JournalCommit>> ReadTailAsync(string grainId, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<JournalCommit>> ReadGrainAsync(string grainId, long afterVersion, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<JournalPosition> ReadEndAsync(int partition, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<JournalCommit>> ReadTypeAsync(string grainType, string? afterGrainId, long afterVersion, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ReadIdsAsync(string grainType, string? afterGrainId, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ReadNewestIdsAsync(string grainType, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task PingAsync(CancellationToken cancellation) => throw new NotSupportedException();

    private TaskCompletionSource Gate(long after)
    {
        if (!_waiting.TryGetValue(after, out TaskCompletionSource? gate)) _waiting[after] = gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return gate;
    }
}
