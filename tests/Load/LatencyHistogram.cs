namespace Shop.Load;

/// <summary>
/// Latencies in buckets that are at most 1.6 % wide, from a microsecond to some minutes: percentiles without keeping every value.
/// Any thread may record.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 6, SubCount = 1 << SubBits, Octaves = 30;
    private readonly long[] _counts = new long[Octaves * SubCount];

    /// <summary>How many were recorded.</summary>
    public long Count => _counts.Sum();

    /// <summary>Takes one in.</summary>
    public void Record(TimeSpan latency) => Interlocked.Increment(ref _counts[IndexOf(Math.Max(0, latency.Ticks / TimeSpan.TicksPerMicrosecond))]);

    /// <summary>The latency that a share of all stays within.</summary>
    public TimeSpan Percentile(double share)
    {
        long wanted = (long)Math.Ceiling(Count * share), seen = 0;
        for (int i = 0; i < _counts.Length; i++)
            if ((seen += _counts[i]) >= wanted && seen > 0) return TimeSpan.FromMicroseconds(UpperOf(i));
        return TimeSpan.Zero;
    }

    /// <summary>Adds what another has.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
    }

    /// <summary>Buckets that have something, each by its upper end, for a plot.</summary>
    public IEnumerable<(TimeSpan Upper, long Count)> Buckets() => _counts.Index().Where(c => c.Item > 0).Select(c => (TimeSpan.FromMicroseconds(UpperOf(c.Index)), c.Item));

    // The highest bits of the number: which power of two, and where within it.
    private static int IndexOf(long micros)
    {
        if (micros < SubCount) return (int)micros;
        int octave = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)micros) - SubBits;
        return Math.Min(((octave + 1) * SubCount) + (int)((micros >> octave) - SubCount), (Octaves * SubCount) - 1);
    }

    private static double UpperOf(int index)
    {
        if (index < SubCount) return index + 1;
        int octave = (index / SubCount) - 1;
        return (double)((long)(SubCount + (index % SubCount) + 1) << octave);
    }
}
