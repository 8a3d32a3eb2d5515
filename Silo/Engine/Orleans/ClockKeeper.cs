using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans.Clustering;

namespace Shop.Engine;

/// <summary>Asks the database for its time, before anything else starts and then again and again.</summary>
internal sealed class ClockKeeper(ClusterClock clock, string connectionString, TimeSpan every) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await AskAsync(stoppingToken);
            }
            catch (NpgsqlException)
            {
                // The clock goes on by itself meanwhile.
            }
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        long asked = Stopwatch.GetTimestamp();
        var time = (DateTime)(await command.ExecuteScalarAsync(cancellation))!;
        clock.Synchronize(new DateTimeOffset(time), asked, Stopwatch.GetTimestamp());
    }
}
