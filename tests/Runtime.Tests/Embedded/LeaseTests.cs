using System.Data.Common;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Activations;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;
using Shop.Testing;

namespace Shop.Runtime.Tests;

/// <summary>Nothing else runs beside them: they take every thread of the pool.</summary>
[CollectionDefinition(nameof(LeaseTests), DisableParallelization = true)]
[Collection(nameof(LeaseTests))]
public sealed class LeaseTests
{
    private static readonly ClusterMembershipOptions Options = new() { LeaseDuration = TimeSpan.FromSeconds(3), RenewInterval = TimeSpan.FromMilliseconds(200) };

    static LeaseTests() => DbProviderFactories.RegisterFactory("Npgsql", NpgsqlFactory.Instance);

    [Fact]
    public Task A_lease_is_kept_while_every_thread_is_busy() => KeepsItsLeaseAsync(new MemoryMembershipTable());

    [PostgreSqlFact]
    public async Task A_lease_in_a_database_is_kept_while_every_thread_is_busy()
    {
        var options = new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = await PostgreSqlServer.CreateDatabaseAsync() };
        await KeepsItsLeaseAsync(new AdoNetMembershipTable(options, new ClusterClock()));
    }

    [Fact]
    public async Task What_lived_before_a_lease_was_lost_serves_nobody_afterwards()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(2).Build();
        await cluster.DeployAsync();
        IProbeGrain[] probes = [.. Enumerable.Range(0, 40).Select(i => cluster.Client.GetGrain<IProbeGrain>($"leased-{i}"))];
        foreach (IProbeGrain probe in probes) (await probe.Add(1)).ShouldBe(1);
        SiloCluster silo = cluster.Silos[0].ServiceProvider.GetRequiredService<Silo>().Cluster!;
        bool[] livedThere = [.. probes.Select(p => silo.Owns(((GrainReference)p).GrainId))];
        livedThere.ShouldContain(true);

        // It is declared dead and joins again before anything else that it has to do comes to its turn.
        ManualResetEventSlim gate = BlockEveryThread();
        cluster.Silos[0].ServiceProvider.GetRequiredService<IMembershipTable>().Leave(silo.Membership.Self!);
        var waited = Stopwatch.StartNew();
        while (silo.Membership.Self?.Epoch != 2 && waited.Elapsed < TimeSpan.FromSeconds(10)) Thread.Sleep(5);
        gate.Set();
        (silo.Membership.Self?.Epoch).ShouldBe(2);

        int[] counts = await Task.WhenAll(probes.Select(p => p.Add(1)));
        for (int i = 0; i < probes.Length; i++) counts[i].ShouldBe(livedThere[i] ? 1 : 2);
    }

    private static async Task KeepsItsLeaseAsync(IMembershipTable table)
    {
        await using var membership = new Membership(table, Options, NullLogger.Instance);
        await membership.JoinAsync("silo", "127.0.0.1", 1, CancellationToken.None);
        // The first connection and the first run of the code may take long; they are not what this is about.
        await Task.Delay(3 * Options.RenewInterval);
        bool isFenced = false;
        membership.Fenced += () => isFenced = true;
        ManualResetEventSlim gate = BlockEveryThread();
        var isBusy = Stopwatch.StartNew();
        while (isBusy.Elapsed < 1.3 * Options.LeaseDuration && membership.Self is not null) Thread.Sleep(10);
        bool isMember = membership.Self is not null;
        gate.Set();
        isMember.ShouldBeTrue($"The lease was lost after {isBusy.ElapsedMilliseconds} ms.");
        isFenced.ShouldBeFalse();
    }

    // The pool makes one or two threads a second, so that these last. The gate is not disposed of: it is looked at until the last of them has gone.
    private static ManualResetEventSlim BlockEveryThread()
    {
        var gate = new ManualResetEventSlim();
        for (int i = 0; i < 500; i++) ThreadPool.UnsafeQueueUserWorkItem(static g => g.Wait(), gate, preferLocal: false);
        return gate;
    }
}
