namespace Shop.Journaling;

/// <summary>What a pure rule came to: events that happen, and the answer; a missing answer means the state after the events.</summary>
public readonly record struct Decision<TEvent, TAnswer>(ImmutableArray<TEvent> Events, TAnswer? Answer)
    where TAnswer : class
{
    /// <summary>Nothing happens.</summary>
    public static Decision<TEvent, TAnswer> Say(TAnswer answer) => new([], answer);

    /// <summary>Events happen; the answer is the state after them.</summary>
    public static Decision<TEvent, TAnswer> Do(params ImmutableArray<TEvent> events) => new(events, null);
}
