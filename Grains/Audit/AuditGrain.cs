using System.Text;

namespace Shop.Audit;

/// <inheritdoc cref="IAuditGrain"/>
[StatelessWorker, GrainType("audit")]
public sealed class AuditGrain(IJournalStore journal, IReminderTable reminders) : Grain, IAuditGrain
{
    private const int RemindersMax = 1_000;

    /// <inheritdoc/>
    public async Task<ImmutableArray<string>> List(string grainType, string? after, int limit) =>
        Keys(grainType, await journal.ReadIdsAsync(grainType, after is null ? null : $"{grainType}/{after}", limit, CancellationToken.None));

    /// <inheritdoc/>
    public async Task<ImmutableArray<string>> Newest(string grainType, int limit) =>
        Keys(grainType, await journal.ReadNewestIdsAsync(grainType, limit, CancellationToken.None));

    /// <inheritdoc/>
    public async Task<ImmutableArray<GrainCommit>> History(string grainId, long? beforeVersion, int limit)
    {
        long after = beforeVersion is { } before ? Math.Max(0, before - 1 - limit) : 0;
        IReadOnlyList<JournalCommit> commits = beforeVersion is null
            ? await journal.ReadTailAsync(grainId, limit, CancellationToken.None)
            : await journal.ReadGrainAsync(grainId, after, (int)Math.Clamp(beforeVersion.Value - 1 - after, 0, limit), CancellationToken.None);
        return [.. commits.Reverse().Select(c => new GrainCommit(
            c.Version, c.RecordedAt, c.EventCount, c.Events.Length <= GrainCommit.BytesMax ? Encoding.UTF8.GetString(c.Events.Span) : null))];
    }

    /// <inheritdoc/>
    public async Task<GrainInspection?> Inspect(string grainId) =>
        (await journal.ReadTailAsync(grainId, 1, CancellationToken.None)).Count == 0 ? null : await GrainFactory.GetGrain<IInspectableGrain>(GrainId.Parse(grainId)).Inspect();

    /// <inheritdoc/>
    public async Task<ImmutableArray<ReminderView>> Reminders() =>
    [
        .. (await reminders.ReadRows(0, 0)).Reminders.Select(r => new ReminderView(r.GrainId.ToString(), r.ReminderName, new DateTimeOffset(r.StartAt, TimeSpan.Zero), r.Period))
            .OrderBy(r => r.GrainId, StringComparer.Ordinal).Take(RemindersMax),
    ];

    private static ImmutableArray<string> Keys(string grainType, IReadOnlyList<string> ids) => [.. ids.Select(id => id[(grainType.Length + 1)..])];
}
