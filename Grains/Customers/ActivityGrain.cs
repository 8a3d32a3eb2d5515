using System.Text.Json;
using Shop.Analytics;
using Shop.Streams;

namespace Shop.Customers;

/// <summary>Gathers what customers did, in one partition of the journal.</summary>
[Alias("Activity")]
public interface IActivityGrain : IProjectionGrain;

/// <inheritdoc cref="IActivityGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("activity")]
public sealed class ActivityGrain(ProjectionServices services) : ProjectionGrain(services, ActivityRules.Projection), IActivityGrain
{
    private const int KeysMax = 500;
    private static readonly TimeSpan EraseEvery = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(EraseAsync, new GrainTimerCreationOptions(EraseEvery * Random.Shared.NextDouble(), EraseEvery) { KeepAlive = true });
        return base.OnActivateAsync(cancellationToken);
    }

    // Readers see at once that a customer is erased; here what is left of them goes, also what came late.
    private async Task EraseAsync(CancellationToken cancellation)
    {
        ProjectionRow[] erased = await Services.Store.ReadAllAsync(Name, null, ActivityRules.ErasedPrefix, "e;", cancellation).ToArrayAsync(cancellation);
        foreach (string[] some in erased.Select(r => ActivityRules.KeyOf(r.Key[ActivityRules.ErasedPrefix.Length..])).Chunk(KeysMax))
        {
            IReadOnlyList<ProjectionRow> left = await Services.Store.ReadKeysAsync(Name, Partition, some, cancellation);
            if (left.Count > 0) await RemoveAsync(left.Select(r => r.Key), ActivityJson.Default.ActivityRow);
        }
    }
}

/// <inheritdoc cref="ICustomerActivityGrain"/>
[Reentrant, GrainType("customer-activity"), CollectionAgeLimit(Minutes = 2)]
public sealed class CustomerActivityGrain(IProjectionStore projections, TimeProvider clock) : Grain, ICustomerActivityGrain
{
    /// <inheritdoc/>
    public async Task<CustomerActivity> Get()
    {
        IReadOnlyList<ProjectionRow> rows = await projections.ReadKeysAsync(
            ActivityRules.Projection.Name, null, [ActivityRules.KeyOf(this.GetPrimaryKeyString()), ActivityRules.ErasedPrefix + this.GetPrimaryKeyString()], CancellationToken.None);
        if (rows.Any(r => r.Key.StartsWith(ActivityRules.ErasedPrefix, StringComparison.Ordinal))) rows = [];
        ActivityRow[] parts = [.. rows.Select(r => JsonSerializer.Deserialize(r.Payload, ActivityJson.Default.ActivityRow)!)];
        long orders = parts.Sum(p => p.Orders);
        DateTimeOffset? last = parts.Max(p => p.LastOrderAt);
        ImmutableArray<Money> spent = Sum(parts.SelectMany(p => p.Spent)), refunded = Sum(parts.SelectMany(p => p.Refunded));
        CustomerScores? scores = last is null ? null : ActivityRules.ScoresOf(orders, last.Value, await AverageOrdersAsync(spent, refunded), clock.GetUtcNow());
        return new CustomerActivity(
            parts.Sum(p => p.Views), orders, parts.Sum(p => p.Units), parts.Sum(p => p.ReturnedUnits), spent, refunded,
            parts.Min(p => p.FirstOrderAt), last, parts.Max(p => p.LastSeenAt), Latest(parts.SelectMany(p => p.Bought)), Latest(parts.SelectMany(p => p.Viewed)),
            ActivityRules.SegmentOf(scores), scores);
    }

    // Currencies are not exchanged: what was spent in each is held against the average order in it.
    private async Task<double> AverageOrdersAsync(ImmutableArray<Money> spent, ImmutableArray<Money> refunded)
    {
        TotalRow[] totals = [.. (await projections.ReadKeysAsync(SalesRules.Projection.Name, null, [SalesRules.TotalKey], CancellationToken.None))
            .Select(r => JsonSerializer.Deserialize(r.Payload, SalesJson.Default.TotalRow)!)];
        return spent.Sum(money =>
        {
            string code = money.Currency.Code;
            long revenue = totals.Sum(t => t.Revenue.GetValueOrDefault(code));
            double left = money.Minor - refunded.Where(r => r.Currency == money.Currency).Sum(r => r.Minor);
            return revenue == 0 ? 0 : left * totals.Sum(t => t.Orders.GetValueOrDefault(code)) / revenue;
        });
    }

    private static ImmutableArray<Money> Sum(IEnumerable<KeyValuePair<string, long>> amounts)
    {
        SortedDictionary<string, long> sum = new(StringComparer.Ordinal);
        sum.Add(amounts);
        return sum.ToMoney();
    }

    private static ImmutableArray<string> Latest(IEnumerable<KeyValuePair<string, DateTimeOffset>> products) =>
        [.. products.GroupBy(p => p.Key).OrderByDescending(g => g.Max(p => p.Value)).ThenBy(g => g.Key, StringComparer.Ordinal).Take(ActivityRow.ProductsMax).Select(g => g.Key)];
}
