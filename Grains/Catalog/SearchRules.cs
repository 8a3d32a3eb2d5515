using System.Globalization;
using System.Text;
using Shop.Events;
using Shop.Streams;

namespace Shop.Catalog;

/// <summary>What can be found of a product.</summary>
public sealed class SearchRow
{
    /// <summary>Its title.</summary>
    public string Title { get; set; } = "";

    /// <summary>Its SKUs.</summary>
    public string Skus { get; set; } = "";

    /// <summary>Its description.</summary>
    public string Description { get; set; } = "";

    /// <summary>Its categories.</summary>
    public string[] Categories { get; set; } = [];

    /// <summary>1 when storefronts show it, otherwise 0: the databases' own index tells them apart.</summary>
    public int Published { get; set; }
}

/// <summary>The rules of the search index: it has what products say of themselves.</summary>
public static class SearchRules
{
    /// <summary>What makes the rows. Whoever changes the rules gives them the next version.</summary>
    public static readonly Projection Projection = new("search", 1, Apply, KeysOf);

    // Letters of European languages; the process runs without the culture data that knows all others.
    private const string Accented = "àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľŀłñńņňòóôõöøōŏőŕŗřśŝşšţťŧùúûüũūŭůűųŵýÿŷźżž";
    private const string Unaccented = "aaaaaaaaacccccddeeeeeeeeegggghhiiiiiiiiijklllllnnnnooooooooorrrsssstttuuuuuuuuuuwyyyzzz";

    /// <summary>A text as it is looked for: words of lower-case letters and digits without accents, so that every database sees the same words.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            char lower = char.ToLowerInvariant(c);
            int accented = lower < 128 ? -1 : Accented.IndexOf(lower, StringComparison.Ordinal);
            if (char.IsLetterOrDigit(c)) plain.Append(accented >= 0 ? Unaccented[accented] : lower);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark) plain.Append(' ');
        }

        return plain.ToString();
    }

    /// <summary>Keys that an event will need.</summary>
    public static IEnumerable<string> KeysOf(ShopEvent @event) => @event is ProductUpdated or ProductDeleted ? [@event.Subject] : [];

    /// <summary>Takes an event in. The key of a row is the product's id.</summary>
    public static async ValueTask Apply(ShopEvent @event, ProjectionRows rows)
    {
        switch (@event)
        {
            case ProductUpdated e:
                SearchRow row = await rows.ChangeAsync(e.ProductId, SearchJson.Default.SearchRow);
                (row.Title, row.Skus, row.Description, row.Categories, row.Published) = (
                    Plain(e.Title), Plain(string.Join(' ', e.Skus)), Plain(e.Description), [.. e.Categories], e.Published ? 1 : 0);
                break;
            case ProductDeleted e:
                await rows.RemoveAsync(e.ProductId, SearchJson.Default.SearchRow);
                break;
        }
    }
}

/// <summary>JSON of the rows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SearchRow))]
internal sealed partial class SearchJson : JsonSerializerContext;
