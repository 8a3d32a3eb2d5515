using System.Collections;

namespace Shop.Stock;

/// <summary>
/// A list in segments: growing moves nothing that is there, and a frozen copy shares the segments with it, of which each is copied when it changes for
/// the first time after that. So neither takes long, however much is in it. Items go at the end and come from the beginning.
/// </summary>
internal sealed class SegmentedList<T> : IEnumerable<T>
{
    private const int Bits = 12, LengthMax = 1 << Bits, LengthMin = 4;

    private Segment[] _segments = [];
    private int _segmentCount;

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
            return ref _segments[segment].Items[at];
        }
    }

    /// <summary>An item, to be changed.</summary>
    public ref T Edit(int index)
    {
        (int number, int at) = Find(index);
        ref Segment segment = ref _segments[number];
        if (segment.IsShared) segment = new Segment((T[])segment.Items.Clone(), IsShared: false);
        return ref segment.Items[at];
    }

    /// <summary>Adds an item at the end.</summary>
    public void Add(T item)
    {
        int capacity = _segmentCount == 1 ? _segments[0].Items.Length : _segmentCount << Bits;
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
            _segments.AsSpan(1, --_segmentCount).CopyTo(_segments);
            (_segments[_segmentCount], _first) = (default, 0);
        }

        return item;
    }

    /// <summary>What is in it now; either can change without the other.</summary>
    public SegmentedList<T> Freeze()
    {
        for (int i = 0; i < _segmentCount; i++) _segments[i].IsShared = true;
        return new SegmentedList<T> { _segments = [.. _segments], _segmentCount = _segmentCount, _first = _first, Count = Count };
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
        if (_segmentCount == 1 && _segments[0].Items is { Length: < LengthMax } items)
        {
            // A short queue that goes on and on stays short.
            var grown = new T[_first < Count ? items.Length * 2 : items.Length];
            Array.Copy(items, _first, grown, 0, Count);
            (_segments[0], _first) = (new Segment(grown, IsShared: false), 0);
            return;
        }

        if (_segmentCount == _segments.Length) Array.Resize(ref _segments, Math.Max(1, _segmentCount * 2));
        _segments[_segmentCount] = new Segment(new T[_segmentCount == 0 ? LengthMin : LengthMax], IsShared: false);
        _segmentCount++;
    }

    private record struct Segment(T[] Items, bool IsShared);
}
