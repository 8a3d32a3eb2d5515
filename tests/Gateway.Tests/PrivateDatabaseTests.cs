using System.Diagnostics;
using Shop.Load.Targets;

namespace Shop.Gateway.Tests;

/// <summary>The private PostgreSQL servers of tests and load tests: they are what was asked for, and nothing of them stays.</summary>
public sealed class PrivateDatabaseTests
{
    [Fact]
    public async Task What_a_process_started_ends_with_it_also_when_it_is_killed()
    {
        using Process started = Process.Start("sleep", ["600"]), owner = Process.Start("sleep", ["600"]);
        Owner.EndsWith(started, owner.Id);
        await Task.Delay(1_500);
        started.HasExited.ShouldBeFalse();
        owner.Kill();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await started.WaitForExitAsync(limit.Token);
        started.ExitCode.ShouldBe(128 + 9);
    }

    [PostgreSqlFact]
    public async Task A_private_database_has_the_settings_that_it_is_given()
    {
        using var server = new PostgreSqlServer(settings: ["max_wal_size=3GB", "wal_compression=lz4"]);
        await using var database = Npgsql.NpgsqlDataSource.Create(server.Socket);
        await using Npgsql.NpgsqlCommand command = database.CreateCommand("SELECT current_setting('max_wal_size') || ' ' || current_setting('wal_compression') || ' ' || current_setting('fsync')");
        (await command.ExecuteScalarAsync()).ShouldBe("3GB lz4 on");
        await Should.ThrowAsync<ArgumentException>(() => TargetPlace.OpenAsync("plain", "", null, ["fsync=on'; rm -rf x"]));
        await Should.ThrowAsync<InvalidOperationException>(() => TargetPlace.OpenAsync("http://127.0.0.1:1", "", null, ["max_wal_size=3GB"]));
    }

    [PostgreSqlFact]
    public async Task A_tuned_database_is_what_deploy_and_the_documents_say_and_its_log_is_there_before_it_is_needed()
    {
        foreach (string file in new[] { "deploy/compose.yaml", "docs/operations.md" })
        {
            string text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, file));
            PostgreSqlServer.Tuned.Where(s => !text.Contains(s, StringComparison.Ordinal)).ShouldBeEmpty(file);
        }

        using var server = new PostgreSqlServer(settings: PostgreSqlServer.Tuned);
        await server.WriteLogThroughAsync(8);
        await using var database = Npgsql.NpgsqlDataSource.Create(server.Socket);
        await using Npgsql.NpgsqlCommand command = database.CreateCommand("SELECT count(*) FROM pg_ls_waldir() WHERE name > pg_walfile_name(pg_current_wal_insert_lsn())");
        ((long)(await command.ExecuteScalarAsync())!).ShouldBeGreaterThanOrEqualTo(8);
        await Should.ThrowAsync<InvalidOperationException>(() => TargetPlace.OpenAsync("http://127.0.0.1:1", "", null, [], isTuned: true));
    }

    [PostgreSqlFact]
    public async Task A_database_has_the_huge_pages_that_were_set_aside_for_it_and_gives_them_back()
    {
        int before = HugePages.Count();
        bool isAllowed;
        using (HugePages? one = HugePages.TryReserve(1)) isAllowed = one is not null;
        using (var server = new PostgreSqlServer(settings: ["shared_buffers=16MB"], onHugePages: true))
        {
            await using var database = Npgsql.NpgsqlDataSource.Create(server.Socket);
            await using Npgsql.NpgsqlCommand command = database.CreateCommand("SELECT pg_read_file('/proc/self/maps')");
            server.HasHugePages.ShouldBe(isAllowed);
            // Where they may not be set aside the system may have some all the same.
            if (isAllowed) ((string)(await command.ExecuteScalarAsync())!).ShouldContain("anon_hugepage");
            (HugePages.Count() > before).ShouldBe(isAllowed);
        }

        HugePages.Count().ShouldBe(before);
    }

    [PostgreSqlFact]
    public void A_database_that_cannot_start_says_why_and_leaves_no_huge_pages_set_aside()
    {
        int before = HugePages.Count();
        Should.Throw<InvalidOperationException>(() => new PostgreSqlServer(settings: ["shared_buffers=16MB", "ssl=on"], onHugePages: true)).Message.ShouldContain("server.crt");
        HugePages.Count().ShouldBe(before);
    }
}
