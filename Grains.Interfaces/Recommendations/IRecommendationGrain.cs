namespace Shop.Recommendations;

/// <summary>What to show beside a product. Its key is the product's id.</summary>
[Alias("Recommendation")]
public interface IRecommendationGrain : IGrainWithStringKey
{
    /// <summary>Products that go with this one, best first: never itself, one that is out of stock or unpublished, or one of the excluded.</summary>
    [ReadOnly]
    Task<ImmutableArray<Recommendation>> Get(ImmutableArray<string> excluded, int limit);
}

/// <summary>What to show to a customer. Its key is the customer's id.</summary>
[Alias("PersonalRecommendation")]
public interface IPersonalRecommendationGrain : IGrainWithStringKey
{
    /// <summary>Products that go with what the customer bought and looked at, and has not bought yet, best first.</summary>
    [ReadOnly]
    Task<ImmutableArray<Recommendation>> Get(ImmutableArray<string> excluded, int limit);
}

/// <summary>Why a product is recommended.</summary>
public enum RecommendationKind
{
    /// <summary>It was bought together.</summary>
    BoughtTogether,

    /// <summary>It was looked at together.</summary>
    ViewedTogether,

    /// <summary>It is in demand in the same category.</summary>
    PopularInCategory,

    /// <summary>It is in demand.</summary>
    Trending,
}

/// <summary>A product to show, and why in words.</summary>
[GenerateSerializer, Immutable, Alias("RecommendationOf")]
public sealed record Recommendation(string ProductId, string Title, RecommendationKind Kind, double Score, string Reason);
