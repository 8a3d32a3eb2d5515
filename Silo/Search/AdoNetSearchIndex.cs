using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Shop.Catalog;
using Shop.Streams;

namespace Shop.Search;

/// <summary>
/// Search by the full text index of the database: FTS5 in SQLite, a tsvector under GIN in PostgreSQL. The index is over the rows
/// of the projection and changes in the same transaction as they do.
/// </summary>
public sealed class AdoNetSearchIndex(AdoNetProjectionStore store) : ISearchIndex
{
    private const int WordsMax = 10;

    // Ten for the title, five for a SKU, one for the description, as bm25 takes its weights.
    private const string SqliteFound = """
        SELECT f.row_key, -bm25(search_text, 0.0, 10.0, 5.0, 1.0) AS score, r.payload
        FROM search_text f JOIN projection_row r ON r.projection = @projection AND r.row_key = f.row_key AND r.partition = f.partition
        WHERE search_text MATCH @words
        """;

    private const string PostgreSqlFound = """
        SELECT f.row_key, ts_rank('{0.1, 0.1, 0.5, 1.0}', f.words, to_tsquery('simple', @words)) AS score, r.payload
        FROM search_text f JOIN projection_row r ON r.projection = @projection AND r.row_key = f.row_key AND r.partition = f.partition
        WHERE f.words @@ to_tsquery('simple', @words)
        """;

    private const string SqliteSearch = """
        CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5(row_key UNINDEXED, title, skus, description, partition UNINDEXED, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
        CREATE TRIGGER IF NOT EXISTS search_text_added AFTER INSERT ON projection_row WHEN new.projection = 'search' BEGIN
            INSERT INTO search_text (row_key, title, skus, description, partition)
            VALUES (new.row_key, json_extract(new.payload, '$.title'), json_extract(new.payload, '$.skus'), json_extract(new.payload, '$.description'), new.partition);
        END;
        CREATE TRIGGER IF NOT EXISTS search_text_changed AFTER UPDATE ON projection_row WHEN new.projection = 'search' BEGIN
            DELETE FROM search_text WHERE row_key = old.row_key AND partition = old.partition;
            INSERT INTO search_text (row_key, title, skus, description, partition)
            VALUES (new.row_key, json_extract(new.payload, '$.title'), json_extract(new.payload, '$.skus'), json_extract(new.payload, '$.description'), new.partition);
        END;
        CREATE TRIGGER IF NOT EXISTS search_text_removed AFTER DELETE ON projection_row WHEN old.projection = 'search' BEGIN
            DELETE FROM search_text WHERE row_key = old.row_key AND partition = old.partition;
        END;
        """;

    // The words have a table of their own. As an index on the rows of all projections they would make each change of any of them need new entries in every index,
    // because PostgreSQL asks only whether a column that changes is in one. Databases that were made so are changed here; nobody writes meanwhile.
    private const string PostgreSqlSearch = """
        CREATE OR REPLACE FUNCTION search_vector(payload text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
            $$ SELECT setweight(to_tsvector('simple', payload::json->>'title'), 'A') || setweight(to_tsvector('simple', payload::json->>'skus'), 'B')
                   || setweight(to_tsvector('simple', payload::json->>'description'), 'C') $$;
        CREATE OR REPLACE FUNCTION search_text_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'INSERT' THEN DELETE FROM search_text WHERE row_key = old.row_key AND partition = old.partition; END IF;
            IF TG_OP <> 'DELETE' AND new.projection = 'search' THEN
                INSERT INTO search_text (row_key, partition, words) VALUES (new.row_key, new.partition, search_vector(new.payload));
            END IF;
            RETURN NULL;
        END $$;
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('search_text') AND relkind = 'r') THEN RETURN; END IF;
            DROP INDEX IF EXISTS search_text;
            CREATE TABLE search_text (row_key text COLLATE "C" NOT NULL, partition int NOT NULL, words tsvector NOT NULL, PRIMARY KEY (row_key, partition));
            CREATE INDEX search_text_words ON search_text USING gin (words);
            CREATE TRIGGER search_text_added AFTER INSERT ON projection_row FOR EACH ROW WHEN (new.projection = 'search') EXECUTE FUNCTION search_text_follow();
            CREATE TRIGGER search_text_changed AFTER UPDATE ON projection_row FOR EACH ROW WHEN (new.projection = 'search') EXECUTE FUNCTION search_text_follow();
            CREATE TRIGGER search_text_removed AFTER DELETE ON projection_row FOR EACH ROW WHEN (old.projection = 'search') EXECUTE FUNCTION search_text_follow();
            INSERT INTO search_text (row_key, partition, words) SELECT row_key, partition, search_vector(payload) FROM projection_row WHERE projection = 'search';
        END $$;
        """;

    /// <summary>What makes the database index the rows of the search projection, whoever changes them.</summary>
    public static string Schema(bool isSqlite) => isSqlite ? SqliteSearch : PostgreSqlSearch;

    /// <inheritdoc/>
    public async Task<SearchHits> FindAsync(string text, string? category, bool includeUnpublished, int skip, int limit, CancellationToken cancellation)
    {
        if (Words(text) is not { Length: > 0 } words) return new SearchHits([], 0, []);
        (string published, string inCategory, string categories, string from) = store.IsSqlite
            ? ("json_extract(payload, '$.published') = 1", "EXISTS (SELECT 1 FROM json_each(payload, '$.categories') WHERE lower(value) = lower(@category))",
                "SELECT value AS category, count(*) AS items FROM hits, json_each(payload, '$.categories')", SqliteFound)
            : ("(payload::json->>'published') = '1'", "EXISTS (SELECT 1 FROM json_array_elements_text(payload::json->'categories') AS c WHERE lower(c) = lower(@category))",
                "SELECT c AS category, count(*) AS items FROM hits, json_array_elements_text(payload::json->'categories') AS c", PostgreSqlFound);
        // One statement, so that the page and the counts are of one moment.
        IReadOnlyList<(string? Product, string? Category, double Figure)> rows = await store.QueryAsync(
            $"""
             WITH found AS ({from}), hits AS (SELECT * FROM found WHERE (@all = 1 OR {published}) AND (@category = '' OR {inCategory}))
             SELECT row_key, NULL, CAST(score AS double precision) FROM (SELECT row_key, score FROM hits ORDER BY score DESC, row_key LIMIT @limit OFFSET @skip) AS page
             UNION ALL SELECT NULL, NULL, count(*) FROM hits
             UNION ALL SELECT NULL, category, items FROM ({categories} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT @most) AS facets
             """,
            r => (Text(r, 0), Text(r, 1), Convert.ToDouble(r.GetValue(2), CultureInfo.InvariantCulture)), cancellation,
            ("projection", SearchRules.Projection.Name), ("words", words), ("all", includeUnpublished ? 1 : 0), ("category", category ?? ""),
            ("limit", limit), ("skip", skip), ("most", ISearchGrain.CategoriesMax));
        return new SearchHits(
            [.. rows.Where(r => r.Product is not null).OrderByDescending(r => r.Figure).ThenBy(r => r.Product, StringComparer.Ordinal).Select(r => r.Product!)],
            (int)rows.Single(r => r is (null, null, _)).Figure,
            [.. rows.Where(r => r.Category is not null).OrderByDescending(r => r.Figure).ThenBy(r => r.Category, StringComparer.Ordinal).Select(r => KeyValuePair.Create(r.Category!, (int)r.Figure))]);
    }

    private static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    // Letters and digits only: nothing of what a searcher types is an operator to the database.
    private string Words(string text)
    {
        string[] words = [.. SearchRules.Plain(text).Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(WordsMax)];
        return store.IsSqlite ? string.Join(' ', words.Select(w => $"\"{w}\"*")) : string.Join(" & ", words.Select(w => $"'{w}':*"));
    }
}
