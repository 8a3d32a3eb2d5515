using System.Collections;
using System.Runtime.InteropServices;

namespace Shop.Stock;

/// <summary>
/// A list in segments: growing moves nothing that is there, and a frozen copy shares the segments with it, of which each is copied when it changes for
/// the first time after that. So neither takes long, however much is in it. Items go at the end and come from the beginning.
/// </summary>
internal sealed class SegmentedList<T> : IEnumerable<T>
{
    private const int Bits = 12, LengthMax = 1 << Bits, LengthMin = 4;

    private readonly List<T[]> _segments = [];
    private readonly List<bool> _isShared = [];

    // Where the first item is in the first segment. All segments have the same length, but an only one may be shorter.
    private int _first;

    /// <summary>How many items there are.</summary>
    public int Count { get; private set; }

    /// <summary>An item, to be read.</summary>
    public ref readonly T this[int index]
    {
        get
        {
            (int segment, int at) = Find(index);
            return ref _segments[segment][at];
        }
    }

    /// <summary>An item, to be changed.</summary>
    public ref T Edit(int index)
    {
        (int segment, int at) = Find(index);
        if (_isShared[segment]) (_segments[segment], _isShared[segment]) = ((T[])_segments[segment].Clone(), false);
        return ref _segments[segment][at];
    }

    /// <summary>Adds an item at the end.</summary>
    public void Add(T item)
    {
        int capacity = _segments.Count == 1 ? _segments[0].Length : _segments.Count << Bits;
        if (_first + Count == capacity) Grow();
        Count++;
        Edit(Count - 1) = item;
    }

    /// <summary>Takes the first item away.</summary>
    public T RemoveFirst()
    {
        ref T first = ref Edit(0);
        T item = first;
        first = default!;
        Count--;
        if (++_first == LengthMax)
        {
            _segments.RemoveAt(0);
            _isShared.RemoveAt(0);
            _first = 0;
        }

        return item;
    }

    /// <summary>What is in it now; either can change without the other.</summary>
    public SegmentedList<T> Freeze()
    {
        var copy = new SegmentedList<T> { _first = _first, Count = Count };
        copy._segments.AddRange(_segments);
        CollectionsMarshal.AsSpan(_isShared).Fill(true);
        copy._isShared.AddRange(_isShared);
        return copy;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < Count; i++) yield return this[i];
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private (int Segment, int At) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        int at = _first + index;
        return (at >> Bits, at & (LengthMax - 1));
    }

    private void Grow()
    {
        if (_segments.Count != 1 || _segments[0].Length == LengthMax)
        {
            _segments.Add(new T[_segments.Count == 0 ? LengthMin : LengthMax]);
            _isShared.Add(false);
            return;
        }

        // A short queue that goes on and on stays short.
        var grown = new T[_first < Count ? _segments[0].Length * 2 : _segments[0].Length];
        Array.Copy(_segments[0], _first, grown, 0, Count);
        (_segments[0], _isShared[0], _first) = (grown, false, 0);
    }
}
