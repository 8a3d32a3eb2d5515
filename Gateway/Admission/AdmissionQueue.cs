using Microsoft.Extensions.Options;

namespace Shop.Gateway.Admission;

/// <summary>Why a request is sent away.</summary>
public enum Refused
{
    /// <summary>It is not.</summary>
    No,

    /// <summary>Too many want what it wants.</summary>
    BusySku,

    /// <summary>The shop has more to do than it can.</summary>
    Overloaded,
}

/// <summary>
/// Lets no more work in than the shop does well. A short burst waits, as far as it can be served in time or wants one SKU; when more comes for longer, new
/// requests are sent away at once, so that those which are taken stay quick. SKUs take turns: a crowd before one of them does not keep the buyers of others waiting.
/// </summary>
public sealed class AdmissionQueue(IOptions<AdmissionOptions> options, TimeProvider clock)
{
    // Enough that there is always a next one, and little beside the work itself; in a pause, what it takes to make up for it.
    private const double WaitShare = 0.25, PauseShare = 6;

    // Who sends away fewer than this has no crowd before the door: it is a pause that made some wait, and waiting serves them.
    private const double FewRefused = 0.1, RefusedMemory = 1 / 500.0;

    private readonly Lock _lock = new();
    private readonly ConcurrencyLimit _limit = new(options.Value);
    private readonly Dictionary<string, Queue<Waiter>> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private int _running, _waitingCount;
    private double _refusedShare;
    private long? _crowdedSince;
    private long _crowdedAt;

    /// <summary>Requests that are worked on.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait.</summary>
    public int Waiting => Volatile.Read(ref _waitingCount);

    /// <summary>How many requests are worked on at once at the most, for now.</summary>
    public int Limit => (int)_limit.Value;

    /// <summary>Whether more than a few of those who came lately were sent away.</summary>
    public bool IsCrowd => Volatile.Read(ref _refusedShare) >= FewRefused;

    /// <summary>Whether a request would be sent away whatever it wants.</summary>
    public bool RefusesAll
    {
        get
        {
            if (Waiting == 0) return false;
            lock (_lock)
            {
                if (_waitingCount == 0 || Refuse(ahead: 0) == Refused.No) return false;
                SeeCrowd();
                Remember(refused: true);
                return true;
            }
        }
    }

    /// <summary>Waits for a turn to work on something; every turn ends with <see cref="Leave"/>.</summary>
    /// <param name="key">What is wanted: requests of one key wait behind each other only.</param>
    /// <param name="cancellation">Whoever wanted it is gone.</param>
    /// <returns>Whether the turn came, or why it will not.</returns>
    public ValueTask<Refused> EnterAsync(string key, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_waitingCount == 0 && _running < (int)_limit.Value)
            {
                _running++;
                Remember(refused: false);
                return ValueTask.FromResult(Refused.No);
            }

            SeeCrowd();
            int ahead = _waiting.TryGetValue(key, out Queue<Waiter>? queue) ? queue.Count : 0;
            Refused reason = Refuse(ahead);
            Remember(reason != Refused.No);
            if (reason != Refused.No) return ValueTask.FromResult(reason);
            if (queue is null)
            {
                _waiting[key] = queue = new Queue<Waiter>();
                _turns.Enqueue(key);
            }

            waiter = new Waiter(cancellation);
            queue.Enqueue(waiter);
            _waitingCount++;
        }

        return new ValueTask<Refused>(waiter.Turn);
    }

    /// <summary>The work of a turn is done.</summary>
    /// <param name="began">The timestamp at which the turn began.</param>
    public void Leave(long began)
    {
        List<Waiter>? next = null;
        lock (_lock)
        {
            _running--;
            _limit.Completed(clock.GetElapsedTime(0), clock.GetElapsedTime(began), _waitingCount > 0);
            while (_running < (int)_limit.Value && Take() is { } waiter)
            {
                _running++;
                (next ??= []).Add(waiter);
            }
        }

        // Outside of the lock: what waited goes on by itself.
        foreach (Waiter waiter in next ?? []) waiter.Begin();
    }

    // A crowd is over when nobody has had to wait for a while, not as soon as its queue is empty: another burst would be let in then.
    private void SeeCrowd()
    {
        long now = clock.GetTimestamp();
        if (_crowdedSince is null || clock.GetElapsedTime(_crowdedAt, now) > options.Value.Calm)
        {
            _crowdedSince = now;
            _limit.Restart(clock.GetElapsedTime(0, now));
        }

        _crowdedAt = now;
    }

    private void Remember(bool refused) => _refusedShare += ((refused ? 1 : 0) - _refusedShare) * RefusedMemory;

    private Refused Refuse(int ahead)
    {
        if (ahead >= options.Value.WaitingPerSkuMax) return Refused.BusySku;
        if (_waitingCount >= options.Value.WaitingMax) return Refused.Overloaded;
        bool isBurst = clock.GetElapsedTime(_crowdedSince!.Value) < options.Value.Burst;
        // The buyers of a drop have all clicked at once; what bounds them is the queue of their SKU.
        if (isBurst && ahead > _waitingCount / 2) return Refused.No;
        // When next to nothing is finished in a crowd, what was finished before it is the best there is to go by.
        double perSecond = isBurst ? _limit.ThroughputInCrowd : _limit.Throughput > 0 ? _limit.Throughput : _limit.ThroughputBefore;
        if (perSecond == 0) return Refused.No;
        // In a round of turns every key has one.
        double wait = Math.Min(_waitingCount, (ahead + 1.0) * (_waiting.Count + (ahead == 0 ? 1 : 0))) / perSecond;
        TimeSpan most = isBurst ? options.Value.Burst : options.Value.TargetLatency * (_refusedShare < FewRefused ? PauseShare : WaitShare);
        if (wait <= most.TotalSeconds) return Refused.No;
        return ahead > _waitingCount / 2 && _waiting.Count > 1 ? Refused.BusySku : Refused.Overloaded;
    }

    // The first who is still there of the key whose turn it is.
    private Waiter? Take()
    {
        while (_turns.TryDequeue(out string? key))
        {
            Queue<Waiter> queue = _waiting[key];
            Waiter? taken = null;
            while (taken is null && queue.TryDequeue(out Waiter? waiter))
            {
                _waitingCount--;
                if (waiter.Claim()) taken = waiter;
            }

            if (queue.Count > 0) _turns.Enqueue(key);
            else _waiting.Remove(key);
            if (taken is not null) return taken;
        }

        return null;
    }

    private sealed class Waiter
    {
        private readonly TaskCompletionSource<Refused> _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenRegistration _gone;
        private int _claimed;

        public Waiter(CancellationToken cancellation) => _gone = cancellation.UnsafeRegister(
            static (state, token) =>
            {
                var waiter = (Waiter)state!;
                if (waiter.Claim()) waiter._turn.TrySetCanceled(token);
            },
            this);

        public Task<Refused> Turn => _turn.Task;

        /// <summary>Whether it is still wanted; from then on it is settled.</summary>
        public bool Claim() => Interlocked.Exchange(ref _claimed, 1) == 0;

        public void Begin()
        {
            _gone.Unregister();
            _turn.TrySetResult(Refused.No);
        }
    }
}
