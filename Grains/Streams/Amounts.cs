namespace Shop.Streams;

/// <summary>Sums of money by currency in minor units, as rows of projections keep them.</summary>
internal static class Amounts
{
    /// <summary>Adds minor units of a currency.</summary>
    /// <exception cref="OverflowException">The sum has no place in 64 bits.</exception>
    public static void Add(this SortedDictionary<string, long> amounts, Money money) =>
        amounts[money.Currency.Code] = checked(amounts.GetValueOrDefault(money.Currency.Code) + money.Minor);

    /// <summary>Adds other sums.</summary>
    public static void Add(this SortedDictionary<string, long> amounts, IEnumerable<KeyValuePair<string, long>> others)
    {
        foreach ((string currency, long minor) in others) amounts.Add(new Money(minor, new Currency(currency)));
    }

    /// <summary>The sums as money, in the order of currencies.</summary>
    public static ImmutableArray<Money> ToMoney(this SortedDictionary<string, long> amounts) => [.. amounts.Select(a => new Money(a.Value, new Currency(a.Key)))];

    /// <summary>An amount as events have it.</summary>
    /// <exception cref="FormatException">It is no amount of a currency that there is.</exception>
    public static Money Of(decimal amount, string code) => Currency.TryParse(code, out Currency currency) && Money.TryFromDecimal(amount, currency, out Money money)
        ? money
        : throw new FormatException($"{amount} {code} is not an amount of money.");
}
