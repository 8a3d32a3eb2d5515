namespace Orleans.Calls;

/// <summary>
/// How often a method of a grain class was called and failed. Counted exactly, in stripes that processors do not share; of many calls
/// some are timed, so that figures cost a call a few nanoseconds.
/// </summary>
internal sealed class CallFigures(GrainMethod method)
{
    private const int Stripes = 8, Apart = 16;

    // The first calls of a stripe are all timed; later every sixty-fourth.
    private const int TimedAtFirst = 64, TimedEvery = 64;

    private readonly long[] _calls = new long[Stripes * Apart];
    private long _failed;

    public GrainMethod Method => method;

    public long Calls
    {
        get
        {
            long sum = 0;
            for (int stripe = 0; stripe < Stripes; stripe++) sum += Volatile.Read(ref _calls[stripe * Apart]);
            return sum;
        }
    }

    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Counts a call; for how many it stands when it is one of those that are timed, otherwise 0.</summary>
    public int Count()
    {
        long count = Interlocked.Increment(ref _calls[(Thread.GetCurrentProcessorId() & (Stripes - 1)) * Apart]);
        return count <= TimedAtFirst ? 1 : count % TimedEvery == 0 ? TimedEvery : 0;
    }

    public void CountFailure() => Interlocked.Increment(ref _failed);
}
