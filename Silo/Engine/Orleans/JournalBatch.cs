using System.Collections.Immutable;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Events;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>Commits of a partition on their way to a consumer. One without commits only says where somebody stands.</summary>
[Immutable]
internal sealed class JournalBatch(int partition, JournalToken token, IReadOnlyList<JournalEntry> entries) : IBatchContainer
{
    public int Partition => partition;

    public IReadOnlyList<JournalEntry> Entries => entries;

    public JournalToken Token => token;

    public StreamId StreamId { get; } = JournalQueue.StreamOf(partition);

    public StreamSequenceToken SequenceToken => token;

    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>() => entries.Select(e => Tuple.Create((T)(object)e.Item, (StreamSequenceToken)new JournalToken(e.Position)));

    public bool ImportRequestContext() => false;
}

/// <summary>A batch as it travels to another silo: events as JSON, as the world outside is told.</summary>
[GenerateSerializer]
internal struct JournalBatchSurrogate
{
    [Id(0)]
    public int Partition;

    [Id(1)]
    public JournalTokenSurrogate Token;

    [Id(2)]
    public JournalEntrySurrogate[] Entries;
}

/// <summary>A commit as it travels to another silo.</summary>
[GenerateSerializer]
internal struct JournalEntrySurrogate
{
    [Id(0)]
    public string GrainId;

    [Id(1)]
    public byte[][] Events;

    [Id(2)]
    public bool HasWork;

    [Id(3)]
    public DateTimeOffset RecordedAt;

    [Id(4)]
    public JournalTokenSurrogate Token;
}

/// <summary>A place in a partition as it travels to another silo.</summary>
[GenerateSerializer]
internal struct JournalTokenSurrogate
{
    [Id(0)]
    public long Epoch;

    [Id(1)]
    public long Number;

    public static JournalTokenSurrogate Of(JournalPosition position) => new() { Epoch = position.Epoch, Number = position.Number };

    public readonly JournalPosition Position() => new(Epoch, Number);
}

/// <inheritdoc cref="JournalTokenSurrogate"/>
[RegisterConverter]
internal sealed class JournalTokenConverter : IConverter<JournalToken, JournalTokenSurrogate>
{
    public JournalToken ConvertFromSurrogate(in JournalTokenSurrogate surrogate) => new(surrogate.Position());

    public JournalTokenSurrogate ConvertToSurrogate(in JournalToken value) => JournalTokenSurrogate.Of(value.Position);
}

/// <inheritdoc cref="JournalBatchSurrogate"/>
[RegisterConverter]
internal sealed class JournalBatchConverter : IConverter<JournalBatch, JournalBatchSurrogate>
{
    public JournalBatch ConvertFromSurrogate(in JournalBatchSurrogate surrogate) => new(surrogate.Partition, new JournalToken(surrogate.Token.Position()), [.. surrogate.Entries.Select(Of)]);

    public JournalBatchSurrogate ConvertToSurrogate(in JournalBatch value) => new()
    {
        Partition = value.Partition,
        Token = JournalTokenSurrogate.Of(value.Token.Position),
        Entries = [.. value.Entries.Select(Of)],
    };

    private static JournalEntry Of(JournalEntrySurrogate entry)
    {
        ImmutableArray<ShopEvent> events = [.. entry.Events.Select(e => JsonSerializer.Deserialize(e, ShopEventJson.Default.ShopEvent)!)];
        return new JournalEntry(new JournalItem(entry.GrainId, events, entry.HasWork, entry.RecordedAt), entry.Token.Position());
    }

    private static JournalEntrySurrogate Of(JournalEntry entry) => new()
    {
        GrainId = entry.Item.GrainId,
        Events = [.. entry.Item.Events.Select(e => JsonSerializer.SerializeToUtf8Bytes(e, ShopEventJson.Default.ShopEvent))],
        HasWork = entry.Item.HasWork,
        RecordedAt = entry.Item.RecordedAt,
        Token = JournalTokenSurrogate.Of(entry.Position),
    };
}
