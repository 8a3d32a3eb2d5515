namespace Shop.Stock;

/// <summary>
/// What the world is told of a commit of a SKU: how the units that can be bought changed. A commit of a hot SKU has hundreds of reservations, and nobody
/// who follows its stock is helped by hundreds of steps, so those in one direction are told as one. What was taken and what was given back stay apart.
/// </summary>
internal sealed class LevelChange
{
    private LevelChange(long units, long available, DateTimeOffset at) => (Units, Available, At) = (units, available, at);

    /// <summary>By how much the units that can be bought changed.</summary>
    public long Units { get; private set; }

    /// <summary>How many can be bought after it.</summary>
    public long Available { get; private set; }

    /// <summary>When the last of it happened.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>Adds an event to the last change, which then is the answer, or begins another one; null when the event changes nothing.</summary>
    public static LevelChange? Add(LevelChange? last, long? change, long? available, DateTimeOffset at)
    {
        if (change is not { } units || available is not { } left) return null;
        if (last is null || last.Units < 0 != units < 0) return new LevelChange(units, left, at);
        (last.Units, last.Available, last.At) = (last.Units + units, left, at);
        return last;
    }
}
