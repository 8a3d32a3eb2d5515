namespace Shop.Recommendations;

/// <summary>How often other products went together with one, in one partition of the journal. The rarest make room when there are too many.</summary>
public sealed class NeighbourRow
{
    /// <summary>The most neighbours that are kept of a product in a partition. When there are too many, the rarer half goes.</summary>
    public const int NeighboursMax = 256;

    /// <summary>Times together, by product.</summary>
    public Dictionary<string, int> Together { get; set; } = [];

    /// <summary>They went together once more.</summary>
    public void Count(string product)
    {
        Together[product] = Together.GetValueOrDefault(product) + 1;
        if (Together.Count <= NeighboursMax) return;
        Together = Together.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Take(NeighboursMax / 2).ToDictionary();
    }
}

/// <summary>How often a product was bought and looked at, in one partition of the journal.</summary>
public sealed class PopularityRow
{
    /// <summary>Orders that have it.</summary>
    public int Orders { get; set; }

    /// <summary>Views.</summary>
    public int Views { get; set; }
}

/// <summary>
/// What is in demand now, in one partition of the journal. A score is the logarithm of a sum in which each event counts twice as
/// much as one a half-life before it; so scores of different times compare as they stand and never have to be made again.
/// </summary>
public sealed class TrendRow
{
    /// <summary>The most products that are kept. When there are too many, the lower half goes.</summary>
    public const int ProductsMax = 400;

    /// <summary>After this time an event counts half.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromHours(24);

    private static readonly DateTimeOffset Origin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Scores by product.</summary>
    public Dictionary<string, double> Scores { get; set; } = [];

    /// <summary>The score of one event.</summary>
    public static double Of(DateTimeOffset at, double weight) => ((at - Origin) / HalfLife * Math.Log(2)) + Math.Log(weight);

    /// <summary>Two scores together.</summary>
    public static double Sum(double one, double other) => Math.Max(one, other) + Math.Log(1 + Math.Exp(-Math.Abs(one - other)));

    /// <summary>Something happened to a product.</summary>
    public void Count(string product, DateTimeOffset at, double weight)
    {
        double score = Of(at, weight);
        Scores[product] = Scores.TryGetValue(product, out double known) ? Sum(known, score) : score;
        if (Scores.Count > ProductsMax) Scores = Scores.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Take(ProductsMax / 2).ToDictionary();
    }
}

/// <summary>What a visitor looked at within an hour, in one partition of the journal.</summary>
public sealed class SessionRow
{
    /// <summary>The most products that are kept.</summary>
    public const int ProductsMax = 20;

    /// <summary>Products, in the order in which they were last looked at.</summary>
    public List<string> Seen { get; set; } = [];
}

/// <summary>JSON of the rows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(NeighbourRow))]
[JsonSerializable(typeof(PopularityRow))]
[JsonSerializable(typeof(TrendRow))]
[JsonSerializable(typeof(SessionRow))]
internal sealed partial class AffinityJson : JsonSerializerContext;
