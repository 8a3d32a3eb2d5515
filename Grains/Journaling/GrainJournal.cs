namespace Shop.Journaling;

/// <summary>One activation's place in the journal: the version it is at, and the commit that its next events join.</summary>
internal sealed class GrainJournal(string grainId, string key, JournalWriter writer, Action<Exception> broken)
{
    private readonly Lock _lock = new();
    private GrainAppend? _open;
    private GrainAppend? _last;
    private long _sealedVersion;
    private int _bytesBefore;
    private bool _hasWork;
    private volatile Exception? _error;

    public string GrainId => grainId;

    public string Key => key;

    /// <summary>Why this activation may write no more; null while it may.</summary>
    public Exception? Error => _error;

    /// <summary>Whether nobody has looked whether the journal has it already.</summary>
    public bool IsTakenForNew { get; set; }

    /// <summary>Whether every event so far belongs to a commit whose version is known.</summary>
    public bool IsSealed
    {
        get
        {
            lock (_lock) return _open is null;
        }
    }

    /// <summary>The version of the newest commit that the writer took or that was loaded.</summary>
    public long SealedVersion
    {
        get
        {
            lock (_lock) return _sealedVersion;
        }
    }

    public void Load(long version, bool hasWork) => (_sealedVersion, _hasWork) = (version, hasWork);

    /// <summary>Completes when everything written so far is durable.</summary>
    public Task Durable()
    {
        lock (_lock)
        {
            Flush();
            return _last?.Done ?? Task.CompletedTask;
        }
    }

    /// <summary>Hands to the writer what waits for more events to come.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_open is not { IsQueued: false } held) return;
            try
            {
                Enqueue(held);
            }
            catch (JournalException)
            {
                // Whoever waits for it is told.
            }
        }
    }

    /// <exception cref="JournalException">The journal takes nothing now.</exception>
    public void ThrowIfUnavailable()
    {
        if (_error is not null) throw StaleActivationException.Of(grainId);
        writer.ThrowIfUnavailable();
    }

    /// <summary>Adds events to the next commit; the task completes when it is durable. What may wait goes with what comes next.</summary>
    public Task Append<TEvent>(ReadOnlySpan<TEvent> events, bool hasWork, Func<TEvent, object?, object?> tell, EventJson<TEvent> json, bool later)
    {
        lock (_lock)
        {
            GrainAppend append = _open ?? new GrainAppend(this, _hasWork, _bytesBefore);
            if (append.ByteCount > writer.Options.CommitBytesMax) throw new JournalUnavailableException($"{grainId} writes more than the store can take.");
            foreach (TEvent @event in events) append.Add(@event, tell, json);
            append.HasWork = _hasWork = hasWork;
            (_open, _last) = (append, append);
            if (!later && !append.IsQueued) Enqueue(append);
            return append.Done;
        }
    }

    private void Enqueue(GrainAppend append)
    {
        append.IsQueued = true;
        writer.Enqueue(append);
    }

    /// <summary>The writer takes a commit: from now on events go to the next one.</summary>
    public bool Seal(GrainAppend append)
    {
        lock (_lock)
        {
            _open = null;
            _bytesBefore = append.ByteCount;
            if (_error is not null) return false;
            append.Version = ++_sealedVersion;
            return true;
        }
    }

    /// <summary>A commit is durable; there is nothing more to know of it.</summary>
    public void Settle(GrainAppend append)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_last, append)) _last = null;
        }
    }

    /// <summary>A commit was refused: what this activation has in memory is not what is in the journal.</summary>
    public void Break(Exception error)
    {
        lock (_lock)
        {
            if (_error is not null) return;
            _error = error;
        }

        broken(error);
    }
}
