namespace Shop.Recommendations;

/// <summary>
/// How strongly two products go together. Item-to-item co-occurrence with the popularity of both held down unevenly, as in
/// Deshpande and Karypis, "Item-Based Top-N Recommendation Algorithms" (2004), whose conditional-probability similarity divides
/// by freq(i) × freq(j)^α; the power above the quotient lets few strong neighbours outweigh many weak ones (their sparsified
/// models do the same by cutting). Exponents were chosen on real baskets; the evaluation command measures them again.
/// </summary>
public static class AffinityScore
{
    private const double OwnExponent = 0.5, OtherExponent = 0.4, Sharpness = 1.5;

    /// <summary>The score of a neighbour, from times together and times each.</summary>
    public static double Of(int together, int own, int other) =>
        together <= 0 ? 0 : Math.Pow(together / (Math.Pow(Math.Max(own, together), OwnExponent) * Math.Pow(Math.Max(other, together), OtherExponent)), Sharpness);
}
