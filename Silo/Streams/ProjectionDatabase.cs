using Npgsql;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>What differs between the databases that projections are kept in.</summary>
/// <param name="Invariant">The name of the ADO.NET provider.</param>
/// <param name="ConnectionString">How the database is reached. It need not flush every commit.</param>
/// <param name="ConsumerConnectionString">How consumers reach it, who are not in the way of those who read then.</param>
/// <param name="Collation">What makes keys compare byte by byte.</param>
/// <param name="RowsOf">The rows <c>k</c> and <c>v</c> of the parameters that rows are sent in: two arrays, or one of JSON where there are no arrays.</param>
/// <param name="ByKeys">The rows of the keys in the array <c>@keys</c>, each looked up in the index.</param>
/// <param name="HasKey">Whether the key of a row is in the array <c>@keys</c>.</param>
public sealed record ProjectionDatabase(string Invariant, string ConnectionString, string ConsumerConnectionString, string Collation, string RowsOf, string ByKeys, string HasKey)
{
    /// <summary>Whether it is SQLite; otherwise it is PostgreSQL.</summary>
    public bool IsSqlite => Invariant == "Microsoft.Data.Sqlite";

    /// <summary>PostgreSQL.</summary>
    public static ProjectionDatabase PostgreSql(string connectionString) => new(
        "Npgsql", Shared(connectionString).ForReaders, Shared(connectionString).ForConsumers, "COLLATE \"C\"",
        "unnest(@keys, @values) AS r (k, v)",
        // The limit, which is never reached, is what keeps it from reading the whole partition instead.
        $"""
         SELECT r.row_key, r.partition, r.payload FROM unnest(@keys) AS q (k) CROSS JOIN LATERAL (
             SELECT * FROM projection_row p WHERE p.projection = @projection AND p.row_key = q.k COLLATE "C" AND (@partition < 0 OR p.partition = @partition)
             LIMIT {IJournalStore.PartitionCount}) AS r
         """,
        "row_key = ANY (@keys)");

    /// <summary>SQLite.</summary>
    public static ProjectionDatabase Sqlite(string connectionString) => new(
        "Microsoft.Data.Sqlite", connectionString, connectionString, "",
        "(SELECT json_extract(value, '$.k') AS k, json_extract(value, '$.v') AS v FROM json_each(@rows)) AS r",
        $"{AdoNetProjectionStore.Rows} AND row_key IN (SELECT value FROM json_each(@keys))",
        "row_key IN (SELECT value FROM json_each(@keys))");

    // A pool takes each connection in its turn, and each is a process of the server that has to see every page for itself: of those that there may be, as many are
    // the consumers' own as work at a time.
    private static (string ForReaders, string ForConsumers) Shared(string connectionString)
    {
        var readers = new NpgsqlConnectionStringBuilder(connectionString);
        var consumers = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = $"{readers.ApplicationName} consumers".TrimStart() };
        consumers.MaxPoolSize = Math.Clamp(Environment.ProcessorCount / 2, 1, Math.Max(1, readers.MaxPoolSize / 2));
        readers.MaxPoolSize = Math.Max(1, readers.MaxPoolSize - consumers.MaxPoolSize);
        return (readers.ToString(), consumers.ToString());
    }
}
