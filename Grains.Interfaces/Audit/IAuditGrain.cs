namespace Shop.Audit;

/// <summary>
/// Shows administrators what the journal says: which grains of a type there are, what happened to one of them, and its state. Any activation
/// answers; its key is <see cref="Key"/>. What it shows may be personal data.
/// </summary>
[Alias("Audit")]
public interface IAuditGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "audit";

    /// <summary>The keys of the grains of a type that were ever written, in their order, after one of them.</summary>
    Task<ImmutableArray<string>> List(string grainType, string? after, int limit);

    /// <summary>The keys of the grains of a type that began last, newest first; the latest tens of thousands of commits are looked at, not all.</summary>
    Task<ImmutableArray<string>> Newest(string grainType, int limit);

    /// <summary>The commits of a grain before a version, or the newest ones, newest first; empty when nothing was ever written of it.</summary>
    Task<ImmutableArray<GrainCommit>> History(string grainId, long? beforeVersion, int limit);

    /// <summary>A grain's state now, which activates it; null when nothing was ever written of it.</summary>
    Task<GrainInspection?> Inspect(string grainId);

    /// <summary>All reminders, by grain.</summary>
    Task<ImmutableArray<ReminderView>> Reminders();
}

/// <summary>A grain whose state can be looked at.</summary>
[Alias("Inspectable")]
public interface IInspectableGrain : IGrain
{
    /// <summary>Its state as it is in memory, when that is durable.</summary>
    Task<GrainInspection> Inspect();
}

/// <summary>A state of a grain.</summary>
/// <param name="Version">The number of events that made it.</param>
/// <param name="Commits">The number of commits that made it.</param>
/// <param name="HasWork">Whether the grain has to go on by itself.</param>
/// <param name="StateJson">The state as JSON; null when it is larger than <see cref="BytesMax"/>.</param>
[GenerateSerializer, Immutable, Alias("GrainInspection")]
public sealed record GrainInspection(long Version, long Commits, bool HasWork, string? StateJson)
{
    /// <summary>The largest state that is shown, in bytes.</summary>
    public const int BytesMax = 256 * 1024;
}

/// <summary>Events of a grain that became durable together.</summary>
/// <param name="Version">Its number among the grain's commits.</param>
/// <param name="At">When it was written.</param>
/// <param name="Events">How many events it has.</param>
/// <param name="EventsJson">They, as a JSON array; null when that is larger than <see cref="BytesMax"/>.</param>
[GenerateSerializer, Immutable, Alias("GrainCommit")]
public sealed record GrainCommit(long Version, DateTimeOffset At, int Events, string? EventsJson)
{
    /// <summary>The largest commit that is shown, in bytes.</summary>
    public const int BytesMax = 32 * 1024;
}

/// <summary>A reminder of a grain.</summary>
[GenerateSerializer, Immutable, Alias("ReminderView")]
public sealed record ReminderView(string GrainId, string Name, DateTimeOffset FirstTickAt, TimeSpan Period);
