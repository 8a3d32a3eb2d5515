using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Shop.Catalog;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Search;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>The databases' index follows the rows of the search projection, whoever changes them.</summary>
public sealed class SearchIndexTests
{
    private static readonly string Name = SearchRules.Projection.Name;

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_rows_say_is_found_until_they_say_something_else(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        AdoNetProjectionStore store = Open(place);
        await CommitAsync(store, Name, 0, 1, ("teapot", Row("blue teapot")), ("cup", Row("blue cup")));
        await CommitAsync(store, "other", 0, 1, ("lamp", Row("blue lamp")));
        (await FindAsync(store, "blue")).ShouldBe(["cup", "teapot"], ignoreOrder: true);
        (await FindAsync(store, "teap")).ShouldBe(["teapot"]);
        await CommitAsync(store, Name, 1, 2, ("teapot", Row("red teapot")), ("cup", null));
        (await FindAsync(store, "blue")).ShouldBeEmpty();
        (await FindAsync(store, "red")).ShouldBe(["teapot"]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_replacement_is_found_only_when_it_has_taken_its_place(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        AdoNetProjectionStore store = Open(place);
        await CommitAsync(store, Name, 0, 1, ("teapot", Row("blue teapot")));
        await CommitAsync(store, "new", 0, 1, ("teapot", Row("red teapot")));
        (await FindAsync(store, "red")).ShouldBeEmpty();
        await store.ReplaceAsync(Name, 0, At(1), "new", At(1), default);
        (await FindAsync(store, "red")).ShouldBe(["teapot"]);
        (await FindAsync(store, "blue")).ShouldBeEmpty();
        await store.DropAsync(Name, 0, default);
        (await FindAsync(store, "red")).ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_is_found_and_how_many_are_of_one_moment(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        AdoNetProjectionStore store = Open(place);
        await CommitAsync(store, Name, 0, 1, ("teapot", Row("blue teapot", "kitchen")));
        int answers = 0, changes = 0;
        HashSet<int> totals = [];
        Task changing = Task.Run(async () =>
        {
            // Until both totals were seen often; as many changes as there are tries, at the most.
            for (; changes < 3_000 && (Volatile.Read(ref answers) < 200 || changes < 200); changes++)
                await CommitAsync(store, Name, changes + 1, changes + 2, ("cup", changes % 2 == 0 ? Row("blue cup", "kitchen") : null));
        });
        do
        {
            SearchHits hits = await new AdoNetSearchIndex(store).FindAsync("blue", null, includeUnpublished: false, 0, 10, default);
            (hits.Products.Length, hits.Categories.Single().Value).ShouldBe((hits.Total, hits.Total));
            totals.Add(hits.Total);
            Interlocked.Increment(ref answers);
        }
        while (!changing.IsCompleted);
        await changing;
        totals.ShouldBe([1, 2], ignoreOrder: true);
    }

    [Theory, PostgreSqlStore]
    public async Task A_row_can_change_without_new_entries_in_any_index(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await CommitAsync(Open(place), "other", 0, 1, ("lamp", Row("lamp")));
        // PostgreSQL leaves the indexes alone when no column that changes is in one of them, in its condition and its expressions as well.
        (await AskAsync(place, "SELECT count(*) FROM pg_index WHERE indrelid = 'projection_row'::regclass AND (indexprs IS NOT NULL OR indpred IS NOT NULL)")).ShouldBe(0L);
        (await AskAsync(place, """
            SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = 'projection_row'::regclass AND a.attname = 'payload'
            """)).ShouldBe(0L);
    }

    [Theory, PostgreSqlStore]
    public async Task A_database_of_older_software_finds_what_it_found_before(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await CommitAsync(Open(place), Name, 0, 1, ("teapot", Row("blue teapot")));
        await AskAsync(place, """
            DROP TABLE search_text;
            DROP FUNCTION search_text_follow CASCADE;
            CREATE INDEX search_text ON projection_row USING gin (search_vector(payload)) WHERE projection = 'search';
            """);
        // Two silos of this version begin at once.
        AdoNetProjectionStore[] stores = [Open(place), Open(place)];
        ImmutableArray<string>[] found = await Task.WhenAll(stores.Select(s => FindAsync(s, "blue")));
        found.ShouldAllBe(f => f.SequenceEqual(new[] { "teapot" }));
        await CommitAsync(stores[0], Name, 1, 2, ("teapot", Row("red teapot")), ("cup", Row("red cup")));
        (await FindAsync(stores[1], "red")).ShouldBe(["cup", "teapot"], ignoreOrder: true);
        (await FindAsync(stores[1], "blue")).ShouldBeEmpty();
        (await AskAsync(place, "SELECT count(*) FROM pg_index WHERE indrelid = 'projection_row'::regclass")).ShouldBe(1L);
    }

    private static AdoNetProjectionStore Open(StorePlace place) => (AdoNetProjectionStore)ShopSiloExtensions.CreateProjectionStore(
        new ConfigurationBuilder().AddInMemoryCollection(place.Settings).Build().GetSection("Shop").Get<ShopOptions>()!);

    private static async Task<ImmutableArray<string>> FindAsync(AdoNetProjectionStore store, string text)
    {
        SearchHits hits = await new AdoNetSearchIndex(store).FindAsync(text, null, includeUnpublished: false, 0, 10, default);
        hits.Total.ShouldBe(hits.Products.Length);
        return hits.Products;
    }

    private static async Task<object?> AskAsync(StorePlace place, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(place.Settings.Single(s => s.Key == "Shop:ConnectionString").Value!);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static Task CommitAsync(AdoNetProjectionStore store, string projection, long from, long to, params (string Key, string? Payload)[] rows) => store.CommitAsync(
        new ProjectionCommit(projection, 0, 1, At(from), At(to)) { Rows = [.. rows.Select(r => new RowChange(r.Key, r.Payload))] }, default);

    private static string Row(string title, params string[] categories) =>
        $$"""{"title":"{{title}}","skus":"","description":"","categories":{{JsonSerializer.Serialize(categories)}},"published":1}""";

    private static JournalPosition At(long number) => new(0, number);
}
