using System.Reflection;
using Npgsql;
using Xunit;
using Xunit.Sdk;

namespace Shop.Testing;

/// <summary>A place for a store that a test has to itself: a directory or a database.</summary>
public sealed class StorePlace : IDisposable
{
    private StorePlace(bool isPostgreSql, string? connectionString, string directory)
    {
        IsPostgreSql = isPostgreSql;
        ConnectionString = connectionString;
        Directory = directory;
    }

    public bool IsPostgreSql { get; }

    public string? ConnectionString { get; }

    public string Directory { get; }

    /// <summary>The settings that point a shop at this place.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Settings => IsPostgreSql
        ? [new("Shop:ConnectionString", ConnectionString)]
        : [new("Shop:DataDirectory", Directory)];

    /// <summary>A new place of a kind, <c>Sqlite</c> or <c>PostgreSql</c>.</summary>
    public static async Task<StorePlace> CreateAsync(string kind)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("shop-").FullName;
        return kind == "PostgreSql"
            ? new StorePlace(true, await PostgreSqlServer.CreateDatabaseAsync(), directory)
            : new StorePlace(false, null, directory);
    }

    public void Dispose()
    {
        // A database that nobody uses any more must not keep connections from those that come.
        if (IsPostgreSql) NpgsqlConnection.ClearAllPools();
        try
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
        catch (IOException)
        {
            // A file that is still being closed is left to the system's own cleaning of temporary files.
        }
    }
}

/// <summary>Runs a theory on SQLite.</summary>
public sealed class SqliteStoreAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [["Sqlite"]];
}

/// <summary>Runs a theory on PostgreSQL; reported as skipped, with the reason, where there is none.</summary>
public sealed class PostgreSqlStoreAttribute : DataAttribute
{
    public PostgreSqlStoreAttribute() => Skip = PostgreSqlServer.SkipReason;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [["PostgreSql"]];
}

/// <summary>Runs where there is PostgreSQL; reported as skipped, with the reason, where there is none.</summary>
public sealed class PostgreSqlFactAttribute : FactAttribute
{
    public PostgreSqlFactAttribute() => Skip = PostgreSqlServer.SkipReason;
}
