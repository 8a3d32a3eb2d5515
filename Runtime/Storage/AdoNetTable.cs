using System.Data.Common;

namespace Orleans.Storage;

/// <summary>Connections to a database whose table is created when it is first used.</summary>
internal sealed class AdoNetTable(string invariant, string connectionString, string schema)
{
    private readonly DbProviderFactory _factory = DbProviderFactories.GetFactory(invariant);
    private readonly Lock _lock = new();
    private Task? _created;

    public async Task<DbConnection> OpenAsync(CancellationToken cancellation = default)
    {
        DbConnection connection = _factory.CreateConnection()!;
        try
        {
            connection.ConnectionString = connectionString;
            await connection.OpenAsync(cancellation);
            await Created(connection);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a connection on the caller's thread. A connection on which nothing was ever awaited needs no other thread.</summary>
    public DbConnection Open()
    {
        DbConnection connection = _factory.CreateConnection()!;
        try
        {
            connection.ConnectionString = connectionString;
            connection.Open();
            lock (_lock)
            {
                if (_created is null) Create(connection);
                _created = Task.CompletedTask;
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static DbCommand Command(DbConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters) Add(command, name, value);
        return command;
    }

    public static void Add(DbCommand command, string name, object value)
    {
        DbParameter parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }

    private Task Created(DbConnection connection)
    {
        lock (_lock)
        {
            if (_created is null || _created.IsFaulted || _created.IsCanceled) _created = CreateAsync(connection);
            return _created;
        }
    }

    private async Task CreateAsync(DbConnection connection)
    {
        await using DbCommand command = Command(connection, schema);
        try
        {
            await command.ExecuteNonQueryAsync();
        }
        catch (DbException)
        {
            // Two silos that create the same table at once: one of them loses, and finds the table there.
            await command.ExecuteNonQueryAsync();
        }
    }

    private void Create(DbConnection connection)
    {
        using DbCommand command = Command(connection, schema);
        try
        {
            command.ExecuteNonQuery();
        }
        catch (DbException)
        {
            // As above.
            command.ExecuteNonQuery();
        }
    }
}
