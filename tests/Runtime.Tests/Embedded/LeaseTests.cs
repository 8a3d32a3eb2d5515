using System.Data.Common;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Clustering;
using Orleans.Configuration;
using Shop.Testing;

namespace Shop.Runtime.Tests;

/// <summary>Nothing else runs beside them: they take every thread of the pool.</summary>
[CollectionDefinition(nameof(LeaseTests), DisableParallelization = true)]
[Collection(nameof(LeaseTests))]
public sealed class LeaseTests
{
    private static readonly ClusterMembershipOptions Options = new() { LeaseDuration = TimeSpan.FromSeconds(1), RenewInterval = TimeSpan.FromMilliseconds(100) };

    static LeaseTests() => DbProviderFactories.RegisterFactory("Npgsql", NpgsqlFactory.Instance);

    [Fact]
    public Task A_lease_is_kept_while_every_thread_is_busy() => KeepsItsLeaseAsync(new MemoryMembershipTable());

    [PostgreSqlFact]
    public async Task A_lease_in_a_database_is_kept_while_every_thread_is_busy()
    {
        var options = new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = await PostgreSqlServer.CreateDatabaseAsync() };
        await KeepsItsLeaseAsync(new AdoNetMembershipTable(options, new ClusterClock()));
    }

    private static async Task KeepsItsLeaseAsync(IMembershipTable table)
    {
        await using var membership = new Membership(table, Options, NullLogger.Instance);
        bool isFenced = false;
        membership.Fenced += () => isFenced = true;
        await membership.JoinAsync("silo", "127.0.0.1", 1, CancellationToken.None);
        // The pool makes one or two threads a second, so that these last; the gate outlives the last of them.
        var gate = new ManualResetEventSlim();
        for (int i = 0; i < 500; i++) ThreadPool.UnsafeQueueUserWorkItem(static g => g.Wait(), gate, preferLocal: false);
        var isBusy = Stopwatch.StartNew();
        while (isBusy.Elapsed < 3 * Options.LeaseDuration && membership.Self is not null) Thread.Sleep(10);
        bool isMember = membership.Self is not null;
        gate.Set();
        isMember.ShouldBeTrue($"The lease was lost after {isBusy.ElapsedMilliseconds} ms.");
        isFenced.ShouldBeFalse();
    }
}
