using System.Globalization;

namespace Shop;

/// <summary>An amount in minor units (cents, pence) of a currency. Exact; arithmetic is checked and never mixes currencies.</summary>
[GenerateSerializer, Immutable, Alias("Money")]
public readonly record struct Money(long Minor, Currency Currency)
{
    /// <summary>The largest amount of one price or total: 10^15 minor units.</summary>
    public const long MinorMax = 1_000_000_000_000_000;

    /// <summary>Nothing, in a currency.</summary>
    public static Money Zero(Currency currency) => new(0, currency);

    /// <summary>The amount as a decimal number of units.</summary>
    public decimal ToDecimal() => (decimal)Minor / Currency.MinorUnits;

    /// <summary>Reads a decimal number of units; false when it has more digits than the currency or is too large.</summary>
    public static bool TryFromDecimal(decimal amount, Currency currency, out Money money)
    {
        money = default;
        if (Math.Abs(amount) > MinorMax / currency.MinorUnits) return false;
        decimal minor = amount * currency.MinorUnits;
        if (minor != decimal.Truncate(minor)) return false;
        money = new Money((long)minor, currency);
        return true;
    }

    /// <summary>The sum of two amounts of one currency.</summary>
    public static Money operator +(Money left, Money right) => new(checked(left.Minor + right.Minor), Same(left, right));

    /// <summary>The difference of two amounts of one currency.</summary>
    public static Money operator -(Money left, Money right) => new(checked(left.Minor - right.Minor), Same(left, right));

    /// <summary>A multiple.</summary>
    public static Money operator *(Money money, long factor) => new(checked(money.Minor * factor), money.Currency);

    /// <summary>A percentage in basis points (1/100 of a percent), rounded half to even.</summary>
    public Money BasisPoints(int basisPoints)
    {
        decimal exact = (decimal)Minor * basisPoints / 10_000m;
        return new Money((long)Math.Round(exact, MidpointRounding.ToEven), Currency);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ToDecimal().ToString("F" + Currency.MinorDigits, CultureInfo.InvariantCulture)} {Currency}");

    private static Currency Same(Money left, Money right) => left.Currency == right.Currency
        ? left.Currency
        : throw new InvalidOperationException($"{left.Currency} and {right.Currency} do not add.");
}
