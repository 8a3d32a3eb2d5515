namespace Orleans.Activations;

/// <summary>
/// A list that any thread pushes to and one takes from. Taking takes everything at once and in order. An empty mailbox owns
/// no memory, so that a million idle grains cost what their state costs.
/// </summary>
internal struct Mailbox
{
    private ITurn? _head;

    public readonly bool IsEmpty => Volatile.Read(in _head) is null;

    public void Push(ITurn turn)
    {
        ITurn? head = Volatile.Read(ref _head);
        while (true)
        {
            turn.Next = head;
            ITurn? seen = Interlocked.CompareExchange(ref _head, turn, head);
            if (ReferenceEquals(seen, head)) return;
            head = seen;
        }
    }

    /// <summary>All entries, oldest first, linked by <see cref="ITurn.Next"/>; null when there are none.</summary>
    public ITurn? TakeAll()
    {
        ITurn? newest = Interlocked.Exchange(ref _head, null);
        ITurn? oldest = null;
        while (newest is not null)
        {
            ITurn? next = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = next;
        }

        return oldest;
    }
}
