using System.Text;
using Microsoft.Data.Sqlite;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>A disk that is full is an error while it is full, and no longer.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("shop-").FullName;

    [SmallDiskFact]
    public async Task SQLite_goes_on_when_there_is_room_again_and_has_what_it_said_it_has()
    {
        using var disk = new SmallDisk(_directory, megabytes: 20);
        IJournalStore store = ShopSiloExtensions.CreateStore(new ShopOptions { DataDirectory = _directory });
        await store.EnsureSchemaAsync(default);
        long version = 0;
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 10; i++) (await store.AppendAsync([Commit(++version)], default)).ShouldBe([true]);
            disk.Fill();
            var failures = 0;
            for (int i = 0; i < 30; i++)
            {
                try
                {
                    await store.AppendAsync([Commit(version + 1)], default);
                    version++;
                }
                catch (SqliteException)
                {
                    failures++;
                }
            }

            failures.ShouldBeGreaterThan(0);
            disk.Free();
        }

        (await store.AppendAsync([Commit(++version)], default)).ShouldBe([true]);
        (await store.ReadGrainAsync("stock/A", 0, int.MaxValue, default)).Select(c => c.Version).ShouldBe(Enumerable.Range(1, (int)version).Select(v => (long)v));
        (store as IDisposable)?.Dispose();
        SqliteConnection.ClearAllPools();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // As large as a busy batch, so that it needs room.
    private static JournalCommit Commit(long version) => new(
        "stock/A", version, Guid.NewGuid(), 1, false, true, DateTimeOffset.UnixEpoch, Encoding.UTF8.GetBytes($"[{{\"text\":\"{new string('x', 20_000)}\"}}]"));
}

/// <summary>Needs a disk that can be filled; reported as skipped, with the reason, where there can be none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.Obstacle;
}
