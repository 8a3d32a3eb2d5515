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

    /// <summary>Counts a call; whether it is one of those that are timed.</summary>
    public bool Count()
    {
        long count = Interlocked.Increment(ref _calls[(Thread.GetCurrentProcessorId() & (Stripes - 1)) * Apart]);
        return count <= TimedAtFirst || count % TimedEvery == 0;
    }

    public void CountFailure() => Interlocked.Increment(ref _failed);
}

/// <summary>The figures of a grain class, by method.</summary>
internal sealed class CallFiguresTable
{
    private readonly Lock _adding = new();
    private CallFigures?[] _methods = [];

    public IEnumerable<CallFigures> All => Volatile.Read(ref _methods).OfType<CallFigures>();

    public CallFigures Of(GrainMethod method)
    {
        CallFigures?[] methods = Volatile.Read(ref _methods);
        int index = method.Index;
        return index < methods.Length && methods[index] is { } known ? known : Add(method);
    }

    private CallFigures Add(GrainMethod method)
    {
        lock (_adding)
        {
            if (method.Index >= _methods.Length)
            {
                CallFigures?[] larger = new CallFigures?[method.Index + 1];
                _methods.CopyTo(larger, 0);
                Volatile.Write(ref _methods, larger);
            }

            return _methods[method.Index] ??= new CallFigures(method);
        }
    }
}
