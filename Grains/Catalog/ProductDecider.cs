using Decision = Shop.Journaling.Decision<Shop.Catalog.ProductEvent, Shop.Catalog.ProductAnswer>;

namespace Shop.Catalog;

/// <summary>The rules of products. Pure.</summary>
public static class ProductDecider
{
    /// <summary>The content is set, if the product is as the caller believes.</summary>
    public static Decision Save(ProductState state, ProductId id, SaveProduct command, DateTimeOffset now)
    {
        if (state.Content is { } content)
        {
            if (command.Mode == SaveMode.Create)
            {
                return content.SameAs(command.Content)
                    ? Decision.Do()
                    : Decision.Say(new ProductAnswer.Exists(new ProductView(id, content, state.Revision)));
            }

            if (Stale(state, command.ExpectedVersion) is { } stale) return Decision.Say(stale);
            if (content.SameAs(command.Content)) return Decision.Do();
        }
        else if (command.Mode == SaveMode.Replace)
        {
            return Decision.Say(new ProductAnswer.NotFound());
        }

        return Decision.Do(new ProductEvent.Saved(command.Content, now));
    }

    /// <summary>The product goes, if it is as the caller believes.</summary>
    public static Decision Delete(ProductState state, long? expectedVersion, DateTimeOffset now)
    {
        if (state.Content is null) return Decision.Say(state.Revision > 0 ? new ProductAnswer.Deleted() : new ProductAnswer.NotFound());
        return Stale(state, expectedVersion) is { } stale
            ? Decision.Say(stale)
            : new Decision([new ProductEvent.Deleted(now)], new ProductAnswer.Deleted());
    }

    private static ProductAnswer.Stale? Stale(ProductState state, long? expectedVersion) =>
        expectedVersion is { } expected && expected != state.Revision ? new ProductAnswer.Stale(state.Revision) : null;
}
