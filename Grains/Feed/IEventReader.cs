using Shop.Streams;

namespace Shop.Feed;

/// <summary>What commits of a partition tell, from a place on. What is read is shared among those who are at the same place.</summary>
public interface IEventReader
{
    /// <summary>The next commits.</summary>
    Task<IReadOnlyList<JournalEntry>> ReadAsync(int partition, JournalPosition after, int limit);

    /// <summary>The next commits as far as somebody here has read them a moment ago; none where only the store would know.</summary>
    IReadOnlyList<JournalEntry> ReadAtHand(int partition, JournalPosition after, int limit);

    /// <summary>Completes when there may be something after these places, one a partition, or after a short while.</summary>
    Task WaitAsync(IReadOnlyList<JournalPosition> after);
}
