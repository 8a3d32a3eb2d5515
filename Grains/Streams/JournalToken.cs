using Orleans.Streams;

namespace Shop.Streams;

/// <summary>The place of a commit in its partition.</summary>
public sealed class JournalToken(JournalPosition position) : StreamSequenceToken
{
    /// <summary>The place.</summary>
    public JournalPosition Position { get; } = position;

    /// <inheritdoc/>
    public override long SequenceNumber { get; protected set; } = position.Number;

    /// <inheritdoc/>
    public override int EventIndex { get; protected set; }

    /// <inheritdoc/>
    public override bool Equals(StreamSequenceToken? other) => other is JournalToken token && token.Position == Position;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StreamSequenceToken);

    /// <inheritdoc/>
    public override int GetHashCode() => Position.GetHashCode();

    /// <inheritdoc/>
    public override int CompareTo(StreamSequenceToken? other) => other is JournalToken token ? Position.CompareTo(token.Position) : 1;
}
