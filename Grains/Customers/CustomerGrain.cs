using Shop.Orders;

namespace Shop.Customers;

/// <inheritdoc cref="ICustomerGrain"/>
[Reentrant, GrainType("customer")]
public sealed class CustomerGrain(
    [PersistentState("profile", JournalServices.SnapshotStorage)] IPersistentState<CustomerRecord> record,
    JournalServices services)
    : EventSourcedGrain<CustomerState, CustomerEvent>(services), ICustomerGrain, IDisposable
{
    private static readonly CustomerProfile Blank = new(null, null, [], false);
    private readonly SemaphoreSlim _profile = new(1, 1);

    private CustomerId Id => new(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public Task<CustomerAnswer> Create(CustomerProfile profile, string? sessionId) => Alone(async () =>
    {
        if (State.CreatedAt is not null)
            return SameProfile(profile) && State.SessionId == sessionId ? await Show() : new CustomerAnswer.Exists(View());
        await Write(profile);
        await Commit(new CustomerEvent.Created(sessionId, Now));
        return await Show();
    });

    /// <inheritdoc/>
    public Task<CustomerAnswer> Update(Caller caller, CustomerProfile profile, long? expectedVersion) => Alone(async () =>
    {
        if (!IsFor(caller)) return new CustomerAnswer.NotFound();
        if (expectedVersion is { } expected && expected != Version) return new CustomerAnswer.Stale(Version);
        if (SameProfile(profile)) return await Show();
        await Write(profile);
        await Commit(new CustomerEvent.ProfileChanged(Now));
        return await Show();
    });

    /// <inheritdoc/>
    public async Task<CustomerAnswer> Get(Caller caller) => IsFor(caller) ? await Show() : new CustomerAnswer.NotFound();

    /// <inheritdoc/>
    public Task<CustomerAnswer> Erase(Caller caller) => Alone(async () =>
    {
        if (!IsFor(caller)) return new CustomerAnswer.NotFound();
        // Data first: an event that says it is gone must not come before it is gone.
        await record.ClearStateAsync();
        if (!State.IsErased) await Commit(new CustomerEvent.Erased(Now));
        return await Show();
    });

    /// <inheritdoc/>
    public Task RecordOrder(OrderId order, DateTimeOffset placedAt) =>
        State.OrderSet.Contains(order) ? Durable() : Commit(new CustomerEvent.OrderRecorded(order, placedAt, Now));

    /// <inheritdoc/>
    public async Task<OrderHistory?> Orders(Caller caller, int pageSize, int skip)
    {
        if (!caller.Owns(State.SessionId, Id) || (State.CreatedAt is null && State.Orders.IsEmpty)) return null;
        ImmutableList<OrderId> orders = State.Orders;
        await Durable();
        return new OrderHistory([.. orders.Reverse().Skip(skip).Take(pageSize)], orders.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _profile.Dispose();

    private bool IsFor(Caller caller) => State.CreatedAt is not null && caller.Owns(State.SessionId, Id);

    private bool SameProfile(CustomerProfile profile) => record.State.Profile is { } known
        && known with { Addresses = [] } == profile with { Addresses = [] } && known.Addresses.SequenceEqual(profile.Addresses);

    private Task Write(CustomerProfile profile)
    {
        record.State.Profile = profile;
        return record.WriteStateAsync();
    }

    // The profile lives outside of the journal, so its changes must not interleave.
    private async Task<CustomerAnswer> Alone(Func<Task<CustomerAnswer>> change)
    {
        await _profile.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _profile.Release();
        }
    }

    private async Task<CustomerAnswer> Show()
    {
        CustomerView view = View();
        await Durable();
        return new CustomerAnswer.Ok(view);
    }

    private CustomerView View() => new(Id, record.State.Profile ?? Blank, State.CreatedAt!.Value, State.IsErased, State.Orders.Count, Version);
}
