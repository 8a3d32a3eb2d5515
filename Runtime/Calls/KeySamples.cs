using System.Diagnostics;

namespace Orleans.Calls;

/// <summary>A grain of a class and what a sample of its calls of the last seconds says.</summary>
/// <param name="Grain">The name of the class.</param>
/// <param name="Key">The grain's key.</param>
/// <param name="CallsPerSecond">About how often it is called.</param>
/// <param name="Mean">How long its calls take, in seconds, on average.</param>
/// <param name="Max">The longest call of the sample, in seconds.</param>
public sealed record KeySample(string Grain, string Key, double CallsPerSecond, double Mean, double Max);

/// <summary>
/// The busiest and the slowest grains of a class by key, of those calls that are timed. Two windows of ten seconds, one full and one that fills;
/// in each a limited number of keys: when there is no room, the least busy one gives way and the newcomer inherits its count, so that what is
/// busy is never missed and seems at most a little busier than it is.
/// </summary>
internal sealed class KeySamples(string grain)
{
    private const int KeysMax = 128, SlowMax = 16;

    // Of a window so many are taken in; beyond them one in so many.
    private const int AllMax = 4_096, ThinnedBy = 64;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Window _filling = new(Stopwatch.GetTimestamp());
    private Window? _full;
    private int _added;

    /// <summary>A timed call, which stands for some.</summary>
    public void Add(string key, TimeSpan time, int weight)
    {
        // What is called a million times a second is known well enough by fewer, and nobody waits for another here.
        if (Interlocked.Increment(ref _added) > AllMax)
        {
            if (_added % ThinnedBy != 0) return;
            weight *= ThinnedBy;
        }

        if (!_lock.TryEnter()) return;
        try
        {
            Turn();
            _filling.Add(key, time, weight);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>The busiest and the slowest of the last full window, or of what there is.</summary>
    public IReadOnlyList<KeySample> Read(int count)
    {
        lock (_lock)
        {
            Turn();
            Window window = _full is { } full && full.Keys.Count > 0 ? full : _filling;
            double seconds = ReferenceEquals(window, _full) ? Length.TotalSeconds : Math.Max(1, Stopwatch.GetElapsedTime(window.Since).TotalSeconds);
            return
            [
                .. window.Keys.OrderByDescending(k => k.Value.Calls).Take(count).Concat(window.Keys.OrderByDescending(k => k.Value.Max).Take(count)).DistinctBy(k => k.Key)
                    .Select(k => new KeySample(grain, k.Key, k.Value.Calls / seconds, (k.Value.Sum / k.Value.Samples).TotalSeconds, k.Value.Max.TotalSeconds)),
            ];
        }
    }

    private void Turn()
    {
        TimeSpan age = Stopwatch.GetElapsedTime(_filling.Since);
        if (age < Length) return;
        _full = age < 2 * Length ? _filling : null;
        _filling = new Window(Stopwatch.GetTimestamp());
        Volatile.Write(ref _added, 0);
    }

    private sealed class Figures
    {
        public long Calls { get; set; }

        public int Samples { get; set; }

        public TimeSpan Sum { get; set; }

        public TimeSpan Max { get; set; }
    }

    private sealed class Window(long since)
    {
        private int _given;
        private TimeSpan _slow;

        public long Since => since;

        public Dictionary<string, Figures> Keys { get; } = [];

        public void Add(string key, TimeSpan time, int weight)
        {
            if (!Keys.TryGetValue(key, out Figures? figures))
            {
                long inherited = Keys.Count >= KeysMax ? GiveWay() : 0;
                Keys[key] = figures = new Figures { Calls = inherited };
            }

            figures.Calls += weight;
            figures.Samples++;
            figures.Sum += time;
            if (time > figures.Max) figures.Max = time;
        }

        // The slowest stay, however rare they are. Who they are is looked up now and then: one look through the keys is all that a call costs.
        private long GiveWay()
        {
            if (_given++ % KeysMax == 0) _slow = Keys.Values.Select(k => k.Max).OrderDescending().ElementAt(SlowMax);
            (string Key, Figures Figures)? least = null;
            foreach ((string key, Figures figures) in Keys)
            {
                if (figures.Max > _slow) continue;
                if (least is null || figures.Calls < least.Value.Figures.Calls) least = (key, figures);
            }

            // All have become slow: then none is.
            least ??= Keys.Select(k => (k.Key, k.Value)).First();
            Keys.Remove(least.Value.Key);
            return least.Value.Figures.Calls;
        }
    }
}
