using System.Collections.Immutable;
using System.Data.Common;
using System.Diagnostics;
using Orleans.Configuration;
using Orleans.Storage;

namespace Orleans.Clustering;

/// <summary>Membership in PostgreSQL, on the clock of the server.</summary>
internal sealed class AdoNetMembershipTable(AdoNetClusteringSiloOptions options, ClusterClock clock) : IMembershipTable
{
    private const string Expired = "lease_until < clock_timestamp()";

    private readonly AdoNetTable _table = new(options.Invariant, options.ConnectionString, """
        CREATE TABLE IF NOT EXISTS cluster_view (only_row boolean PRIMARY KEY CHECK (only_row), number bigint NOT NULL);
        INSERT INTO cluster_view VALUES (true, 0) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS cluster_silo (
            name        text        PRIMARY KEY,
            epoch       bigint      NOT NULL,
            host        text        NOT NULL,
            port        integer     NOT NULL,
            status      text        NOT NULL,
            lease_until timestamptz NOT NULL);
        """);

    public async Task<(ClusterMember Self, ClusterView View)> JoinAsync(string name, string host, int port, TimeSpan lease, CancellationToken cancellation)
    {
        ClusterView view = await ChangeAsync("""
            INSERT INTO cluster_silo AS s (name, epoch, host, port, status, lease_until)
            VALUES (@name, 1, @host, @port, 'active', clock_timestamp() + make_interval(secs => @lease))
            ON CONFLICT (name) DO UPDATE SET
                epoch = s.epoch + 1, host = excluded.host, port = excluded.port, status = 'active', lease_until = excluded.lease_until
            """, cancellation, ("name", name), ("host", host), ("port", port), ("lease", lease.TotalSeconds));
        return (view.Find(name)!, view);
    }

    public async Task<ClusterView?> RenewAsync(ClusterMember self, TimeSpan lease, CancellationToken cancellation)
    {
        // Both statements of one command are one transaction: the view is at least as new as the lease.
        (ClusterView? view, bool anyExpired) = await ReadAsync($"""
            UPDATE cluster_silo SET lease_until = clock_timestamp() + make_interval(secs => @lease)
            WHERE name = @name AND epoch = @epoch AND status <> 'dead' AND NOT {Expired};
            """, self, cancellation, ("name", self.Name), ("epoch", self.Epoch), ("lease", lease.TotalSeconds));
        return view is not null && anyExpired ? await BuryAsync(cancellation) : view;
    }

    public Task<ClusterView> BeginLeaveAsync(ClusterMember self, CancellationToken cancellation) =>
        ChangeAsync("UPDATE cluster_silo SET status = 'leaving' WHERE name = @name AND epoch = @epoch AND status = 'active'",
            cancellation, ("name", self.Name), ("epoch", self.Epoch));

    public Task LeaveAsync(ClusterMember self, CancellationToken cancellation) =>
        ChangeAsync("UPDATE cluster_silo SET status = 'dead' WHERE name = @name AND epoch = @epoch AND status <> 'dead'",
            cancellation, ("name", self.Name), ("epoch", self.Epoch));

    public async Task<ClusterView> ReadAsync(CancellationToken cancellation)
    {
        (ClusterView? view, bool anyExpired) = await ReadAsync("", null, cancellation);
        return anyExpired ? await BuryAsync(cancellation) : view!;
    }

    private Task<ClusterView> BuryAsync(CancellationToken cancellation) =>
        ChangeAsync($"UPDATE cluster_silo SET status = 'dead' WHERE status <> 'dead' AND {Expired}", cancellation);

    private async Task<(ClusterView? View, bool AnyExpired)> ReadAsync(string before, ClusterMember? self, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await _table.OpenAsync(cancellation);
        await using DbCommand command = AdoNetTable.Command(connection, before + $"""
            SELECT v.number, s.name, s.host, s.port, s.epoch, s.status, {Expired}, clock_timestamp()
            FROM cluster_view v LEFT JOIN cluster_silo s ON s.status <> 'dead' ORDER BY s.name
            """, parameters);
        long asked = Stopwatch.GetTimestamp();
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        long answered = Stopwatch.GetTimestamp();
        long number = 0;
        bool anyExpired = false;
        ImmutableArray<ClusterMember>.Builder members = ImmutableArray.CreateBuilder<ClusterMember>();
        while (await reader.ReadAsync(cancellation))
        {
            number = reader.GetInt64(0);
            clock.Synchronize(reader.GetFieldValue<DateTimeOffset>(7), asked, answered);
            if (await reader.IsDBNullAsync(1, cancellation)) continue;
            members.Add(new ClusterMember(reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt64(4),
                reader.GetString(5) == "active" ? MemberStatus.Active : MemberStatus.Leaving));
            anyExpired |= reader.GetBoolean(6);
        }

        await reader.CloseAsync();
        bool isLost = self is not null && (reader.RecordsAffected < 1 || !members.Any(m => m.Name == self.Name && m.Epoch == self.Epoch));
        return (isLost ? null : new ClusterView(number, members.ToImmutable()), anyExpired);
    }

    // The row of the view is the lock: changes come one after the other, and each has its own number.
    private async Task<ClusterView> ChangeAsync(string change, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using (DbConnection connection = await _table.OpenAsync(cancellation))
        {
            await using DbTransaction transaction = await connection.BeginTransactionAsync(cancellation);
            await using (DbCommand turn = AdoNetTable.Command(connection, "SELECT number FROM cluster_view FOR UPDATE")) await turn.ExecuteScalarAsync(cancellation);
            await using DbCommand command = AdoNetTable.Command(connection, change, parameters);
            if (await command.ExecuteNonQueryAsync(cancellation) > 0)
            {
                await using DbCommand number = AdoNetTable.Command(connection, "UPDATE cluster_view SET number = number + 1");
                await number.ExecuteNonQueryAsync(cancellation);
            }

            await transaction.CommitAsync(cancellation);
        }

        (ClusterView? view, _) = await ReadAsync("", null, cancellation);
        return view!;
    }
}
