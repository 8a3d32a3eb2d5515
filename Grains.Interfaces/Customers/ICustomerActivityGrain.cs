namespace Shop.Customers;

/// <summary>What a customer did: the unified profile, made of the stream of events. Its key is the customer's id.</summary>
[Alias("CustomerActivity")]
public interface ICustomerActivityGrain : IGrainWithStringKey
{
    /// <summary>The activity up to about a second ago.</summary>
    [ReadOnly]
    Task<CustomerActivity> Get();
}

/// <summary>How a customer stands among the shop's customers, by how recently, how often and for how much they bought.</summary>
public enum CustomerSegment
{
    /// <summary>Has bought nothing.</summary>
    Visitor,

    /// <summary>Bought once, lately.</summary>
    New,

    /// <summary>Bought several times or for much, also lately.</summary>
    Loyal,

    /// <summary>Bought often and for much, also lately.</summary>
    Champion,

    /// <summary>Has not bought for a while.</summary>
    AtRisk,

    /// <summary>Has not bought for long.</summary>
    Lapsed,
}

/// <summary>What a customer did. Products are the latest ones first.</summary>
[GenerateSerializer, Immutable, Alias("CustomerActivityOf")]
public sealed record CustomerActivity(
    long Views,
    long Orders,
    long Units,
    long ReturnedUnits,
    ImmutableArray<Money> Spent,
    ImmutableArray<Money> Refunded,
    DateTimeOffset? FirstOrderAt,
    DateTimeOffset? LastOrderAt,
    DateTimeOffset? LastSeenAt,
    ImmutableArray<string> Bought,
    ImmutableArray<string> Viewed,
    CustomerSegment Segment,
    CustomerScores? Scores);

/// <summary>
/// How recently, how often and for how much a customer bought, each from 1 to 5 (RFM, after Hughes, Strategic Database Marketing,
/// 1994, with fixed bounds instead of fifths of all customers): days since the last order up to 30, 60, 90, 180 or more; 10, 5, 3, 2
/// orders or 1; spending less refunds worth 10, 5, 3, 1.5 average orders of the shop or less.
/// </summary>
[GenerateSerializer, Immutable, Alias("CustomerScores")]
public sealed record CustomerScores(int Recency, int Frequency, int Monetary);
