using Shop.Streams;

namespace Shop.Analytics;

/// <summary>What happened in a window of time, in one partition of the journal. All figures add up.</summary>
public sealed class SalesRow
{
    /// <summary>Orders placed.</summary>
    public long Orders { get; set; }

    /// <summary>Units in them.</summary>
    public long Units { get; set; }

    /// <summary>Minor units charged, by currency.</summary>
    public SortedDictionary<string, long> Revenue { get; set; } = [];

    /// <summary>Minor units given back, by currency.</summary>
    public SortedDictionary<string, long> Refunds { get; set; } = [];

    /// <summary>Units that came back.</summary>
    public long ReturnedUnits { get; set; }

    /// <summary>Placed orders that were cancelled.</summary>
    public long Cancelled { get; set; }

    /// <summary>Products looked at.</summary>
    public long Views { get; set; }

    /// <summary>Lines put into carts.</summary>
    public long CartLines { get; set; }

    /// <summary>Checkouts that found their goods and began.</summary>
    public long Checkouts { get; set; }

    /// <summary>Adds the figures of another row.</summary>
    public void Add(SalesRow other)
    {
        Orders += other.Orders;
        Units += other.Units;
        ReturnedUnits += other.ReturnedUnits;
        Cancelled += other.Cancelled;
        Views += other.Views;
        CartLines += other.CartLines;
        Checkouts += other.Checkouts;
        Revenue.Add(other.Revenue);
        Refunds.Add(other.Refunds);
    }
}

/// <summary>All orders there ever were, in one partition of the journal.</summary>
public sealed class TotalRow
{
    /// <summary>Orders placed, by currency.</summary>
    public SortedDictionary<string, long> Orders { get; set; } = [];

    /// <summary>Minor units charged, by currency.</summary>
    public SortedDictionary<string, long> Revenue { get; set; } = [];
}

/// <summary>What a product sold in a day, in one partition of the journal.</summary>
public sealed class ProductSalesRow
{
    /// <summary>Units sold.</summary>
    public long Units { get; set; }

    /// <summary>Minor units charged, by currency.</summary>
    public SortedDictionary<string, long> Revenue { get; set; } = [];

    /// <summary>Adds the figures of another row.</summary>
    public void Add(ProductSalesRow other)
    {
        Units += other.Units;
        Revenue.Add(other.Revenue);
    }
}

/// <summary>What can be bought of a SKU, and how fast it goes.</summary>
public sealed class StockRow
{
    /// <summary>How fast old sales are forgotten: after this time they count half.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromHours(6);

    /// <summary>Units that can be bought.</summary>
    public long Available { get; set; }

    /// <summary>Units taken, of which older ones count less.</summary>
    public double Taken { get; set; }

    /// <summary>When the figures were true.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Units an hour that are taken at a moment: the decayed sum over the time that it stands for.</summary>
    public double RateAt(DateTimeOffset now) => Decayed(now) * Math.Log(2) / HalfLife.TotalHours;

    /// <summary>What is left of the sum at a moment.</summary>
    public double Decayed(DateTimeOffset now) => now <= At ? Taken : Taken * Math.Pow(0.5, (now - At) / HalfLife);
}

/// <summary>JSON of the rows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SalesRow))]
[JsonSerializable(typeof(TotalRow))]
[JsonSerializable(typeof(ProductSalesRow))]
[JsonSerializable(typeof(StockRow))]
internal sealed partial class SalesJson : JsonSerializerContext;
