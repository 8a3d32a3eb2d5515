using Shop.Orders;

namespace Shop.Customers;

/// <summary>
/// One customer; its key is the customer id. Personal data is kept apart from the journal, so that erasing it erases it.
/// </summary>
[Alias("Customer")]
public interface ICustomerGrain : IGrainWithStringKey
{
    /// <summary>Creates the customer.</summary>
    Task<CustomerAnswer> Create(CustomerProfile profile, string? sessionId);

    /// <summary>Replaces the profile.</summary>
    Task<CustomerAnswer> Update(Caller caller, CustomerProfile profile, long? expectedVersion);

    /// <summary>The customer, for one who may see it.</summary>
    Task<CustomerAnswer> Get(Caller caller);

    /// <summary>Removes all personal data; the ids of orders stay, for the books.</summary>
    Task<CustomerAnswer> Erase(Caller caller);

    /// <summary>Adds an order to the history. An order that is there already changes nothing.</summary>
    Task RecordOrder(OrderId order, DateTimeOffset placedAt);

    /// <summary>The ids of the orders, newest first; null when the customer is not for this caller.</summary>
    [ReadOnly]
    Task<OrderHistory?> Orders(Caller caller, int pageSize, int skip);
}

/// <summary>Who the customer is. Personal data: never logged.</summary>
[GenerateSerializer, Immutable, Alias("CustomerProfile")]
public sealed record CustomerProfile(string? Name, string? Email, ImmutableArray<Address> Addresses, bool MarketingConsent)
{
    /// <inheritdoc/>
    public override string ToString() => "CustomerProfile";
}

/// <summary>A customer as it is now.</summary>
[GenerateSerializer, Immutable, Alias("CustomerView")]
public sealed record CustomerView(CustomerId Id, CustomerProfile Profile, DateTimeOffset CreatedAt, bool Erased, int OrderCount, long Version);

/// <summary>A page of order ids and whether there are more.</summary>
[GenerateSerializer, Immutable, Alias("OrderHistory")]
public sealed record OrderHistory(ImmutableArray<OrderId> Orders, int Total);

/// <summary>What a customer command came to.</summary>
[GenerateSerializer, Immutable, Alias("CustomerAnswer")]
public abstract record CustomerAnswer
{
    /// <summary>The customer as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("CustomerAnswer.Ok")]
    public sealed record Ok(CustomerView Customer) : CustomerAnswer;

    /// <summary>No such customer, or not for this caller.</summary>
    [GenerateSerializer, Immutable, Alias("CustomerAnswer.NotFound")]
    public sealed record NotFound : CustomerAnswer;

    /// <summary>It exists already.</summary>
    [GenerateSerializer, Immutable, Alias("CustomerAnswer.Exists")]
    public sealed record Exists(CustomerView Customer) : CustomerAnswer;

    /// <summary>It has another version than expected.</summary>
    [GenerateSerializer, Immutable, Alias("CustomerAnswer.Stale")]
    public sealed record Stale(long Version) : CustomerAnswer;
}
