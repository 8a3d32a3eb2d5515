using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Reminders;

/// <summary>
/// Ticks the reminders of the grains that have their place on this silo. A tick that fails is logged; the next one comes in
/// its time. A silo that takes a reminder over ticks it at once: reminders tick at least once, and better twice than late.
/// </summary>
internal sealed class ReminderService(IReminderTable table, Silo silo, TimeProvider clock, ILogger<ReminderService> log)
    : IReminderService, IHostedService, IDisposable
{
    private static readonly TimeSpan PeriodMin = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(GrainId Grain, string Name), Ticker> _tickers = new();
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private bool _isStopped;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        silo.OwnershipChanged += () => _ = TryDivideAsync();
        await DivideAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopped = true;
        Dispose();
        return Task.CompletedTask;
    }

    public async Task<IGrainReminder> RegisterOrUpdate(GrainId grain, string name, TimeSpan dueTime, TimeSpan period, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, PeriodMin);
        var entry = new ReminderEntry { GrainId = grain, ReminderName = name, StartAt = clock.GetUtcNow().UtcDateTime + dueTime, Period = period };
        await table.UpsertRow(entry).WaitAsync(cancellation);
        if (silo.Owns(grain)) Schedule(entry);
        return new Reminder(name);
    }

    public async Task Unregister(GrainId grain, string name, CancellationToken cancellation)
    {
        if (await table.ReadRow(grain, name).WaitAsync(cancellation) is { } entry) await table.RemoveRow(grain, name, entry.ETag);
        if (_tickers.TryRemove((grain, name), out Ticker? ticker)) ticker.Dispose();
    }

    public async Task<IGrainReminder?> Get(GrainId grain, string name, CancellationToken cancellation) =>
        await table.ReadRow(grain, name).WaitAsync(cancellation) is not null ? new Reminder(name) : null;

    public void Dispose()
    {
        foreach (Ticker ticker in _tickers.Values) ticker.Dispose();
        _tickers.Clear();
    }

    private async Task TryDivideAsync()
    {
        try
        {
            await DivideAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The next view, or the restart of the silo, divides them again.
            RuntimeLog.RemindersUnread(log, e);
        }
    }

    private async Task DivideAsync(CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            foreach ((GrainId Grain, string Name) key in _tickers.Keys.Where(k => !silo.Owns(k.Grain)))
                if (_tickers.TryRemove(key, out Ticker? ticker)) ticker.Dispose();
            foreach (ReminderEntry entry in (await table.ReadRows(0, 0).WaitAsync(cancellation)).Reminders)
                if (!_isStopped && silo.Owns(entry.GrainId) && !_tickers.ContainsKey((entry.GrainId, entry.ReminderName))) Schedule(entry);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private void Schedule(ReminderEntry entry)
    {
        var ticker = new Ticker(entry, this);
        if (_tickers.TryRemove((entry.GrainId, entry.ReminderName), out Ticker? old)) old.Dispose();
        _tickers[(entry.GrainId, entry.ReminderName)] = ticker;
    }

    private sealed record Reminder(string ReminderName) : IGrainReminder;

    private sealed class Ticker : IDisposable
    {
        private readonly ReminderEntry _entry;
        private readonly ReminderService _service;
        private readonly ITimer _timer;

        public Ticker(ReminderEntry entry, ReminderService service)
        {
            _entry = entry;
            _service = service;
            // A tick that fell due while nobody was there to give it comes at once; later ones keep to the schedule.
            TimeSpan due = entry.StartAt - service.Now;
            _timer = service.Timer(this, due > TimeSpan.Zero ? due : TimeSpan.Zero, entry.Period);
        }

        public void Dispose() => _timer.Dispose();

        public async void Tick()
        {
            try
            {
                var status = new TickStatus(_entry.StartAt, _entry.Period, _service.Now);
                await _service.Grains.GetGrain<IRemindable>(_entry.GrainId).ReceiveReminder(_entry.ReminderName, status);
            }
            catch (Exception e)
            {
                RuntimeLog.ReminderFailed(_service.Log, e, _entry.GrainId, _entry.ReminderName);
            }
        }
    }

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    private GrainFactory Grains => silo.GrainFactory;

    private ILogger Log => log;

    private ITimer Timer(Ticker ticker, TimeSpan due, TimeSpan period) => clock.CreateTimer(static state => ((Ticker)state!).Tick(), ticker, due, period);
}
