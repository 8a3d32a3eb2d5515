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

    public (ClusterMember Self, ClusterView View) Join(string name, string host, int port, TimeSpan lease)
    {
        ClusterView view = Change("""
            INSERT INTO cluster_silo AS s (name, epoch, host, port, status, lease_until)
            VALUES (@name, 1, @host, @port, 'active', clock_timestamp() + make_interval(secs => @lease))
            ON CONFLICT (name) DO UPDATE SET
                epoch = s.epoch + 1, host = excluded.host, port = excluded.port, status = 'active', lease_until = excluded.lease_until
            """, ("name", name), ("host", host), ("port", port), ("lease", lease.TotalSeconds));
        return (view.Find(name)!, view);
    }

    public ClusterView? Renew(ClusterMember self, TimeSpan lease)
    {
        // One statement, because a driver may need other threads for several. The view is as old as the statement, and the silo counts its lease from before that.
        (ClusterView? view, bool anyExpired) = Read($"""
            WITH renewed AS (
                UPDATE cluster_silo SET lease_until = clock_timestamp() + make_interval(secs => @lease)
                WHERE name = @name AND epoch = @epoch AND status <> 'dead' AND NOT {Expired}
                RETURNING name)
            """, "EXISTS (SELECT FROM renewed)", ("name", self.Name), ("epoch", self.Epoch), ("lease", lease.TotalSeconds));
        return view?.Find(self.Name)?.Epoch != self.Epoch ? null : anyExpired ? Bury() : view;
    }

    public ClusterView BeginLeave(ClusterMember self) =>
        Change("UPDATE cluster_silo SET status = 'leaving' WHERE name = @name AND epoch = @epoch AND status = 'active'",
            ("name", self.Name), ("epoch", self.Epoch));

    public void Leave(ClusterMember self) =>
        Change("UPDATE cluster_silo SET status = 'dead' WHERE name = @name AND epoch = @epoch AND status <> 'dead'",
            ("name", self.Name), ("epoch", self.Epoch));

    public ClusterView Read()
    {
        (ClusterView? view, bool anyExpired) = Read("", "true");
        return anyExpired ? Bury() : view!;
    }

    private ClusterView Bury() => Change($"UPDATE cluster_silo SET status = 'dead' WHERE status <> 'dead' AND {Expired}");

    // Null when what was to be done before was not.
    private (ClusterView? View, bool AnyExpired) Read(string before, string isDone, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using DbConnection connection = _table.Open();
        using DbCommand command = AdoNetTable.Command(connection, $"""
            {before}
            SELECT v.number, s.name, s.host, s.port, s.epoch, s.status, {Expired}, clock_timestamp(), {isDone}
            FROM cluster_view v LEFT JOIN cluster_silo s ON s.status <> 'dead' ORDER BY s.name
            """, parameters);
        long asked = Stopwatch.GetTimestamp();
        using DbDataReader reader = command.ExecuteReader();
        long answered = Stopwatch.GetTimestamp();
        long number = 0;
        bool anyExpired = false;
        bool wasDone = true;
        ImmutableArray<ClusterMember>.Builder members = ImmutableArray.CreateBuilder<ClusterMember>();
        while (reader.Read())
        {
            number = reader.GetInt64(0);
            clock.Synchronize(reader.GetFieldValue<DateTimeOffset>(7), asked, answered);
            wasDone = reader.GetBoolean(8);
            if (reader.IsDBNull(1)) continue;
            members.Add(new ClusterMember(reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt64(4),
                reader.GetString(5) == "active" ? MemberStatus.Active : MemberStatus.Leaving));
            anyExpired |= reader.GetBoolean(6);
        }

        return (wasDone ? new ClusterView(number, members.ToImmutable()) : null, anyExpired);
    }

    // The row of the view is the lock: changes come one after the other, and each has its own number.
    private ClusterView Change(string change, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using (DbConnection connection = _table.Open())
        {
            using DbTransaction transaction = connection.BeginTransaction();
            using (DbCommand turn = AdoNetTable.Command(connection, "SELECT number FROM cluster_view FOR UPDATE")) turn.ExecuteScalar();
            using DbCommand command = AdoNetTable.Command(connection, change, parameters);
            if (command.ExecuteNonQuery() > 0)
            {
                using DbCommand number = AdoNetTable.Command(connection, "UPDATE cluster_view SET number = number + 1");
                number.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return Read("", "true").View!;
    }
}
