using Orleans.Calls;

namespace Orleans.Activations;

/// <summary>A first-in first-out list of waiting requests without memory of its own.</summary>
internal struct RequestList
{
    private ITurn? _first;
    private ITurn? _last;

    public int Count { get; private set; }

    public readonly GrainRequest? First => (GrainRequest?)_first;

    public void Add(GrainRequest request)
    {
        ITurn turn = request;
        turn.Next = null;
        if (_last is null) _first = turn;
        else _last.Next = turn;
        _last = turn;
        Count++;
    }

    public GrainRequest RemoveFirst()
    {
        ITurn first = _first!;
        _first = first.Next;
        if (_first is null) _last = null;
        first.Next = null;
        Count--;
        return (GrainRequest)first;
    }

    /// <summary>Removes the first request that satisfies the condition, if there is one.</summary>
    public GrainRequest? RemoveFirst(Func<GrainRequest, bool> condition)
    {
        ITurn? previous = null;
        for (ITurn? turn = _first; turn is not null; previous = turn, turn = turn.Next)
        {
            if (!condition((GrainRequest)turn)) continue;
            if (previous is null) return RemoveFirst();
            previous.Next = turn.Next;
            if (turn.Next is null) _last = previous;
            turn.Next = null;
            Count--;
            return (GrainRequest)turn;
        }

        return null;
    }
}
