using Orleans;
using Orleans.Runtime;

namespace Shop.Runtime.Tests;

public interface IAlarmGrain : IGrainWithStringKey, IRemindable
{
    Task Set(TimeSpan due, TimeSpan period);

    Task Stop();

    Task<int> Rings();
}

public class AlarmGrain : Grain, IAlarmGrain
{
    private int _rings;

    public Task Set(TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder("alarm", due, period);

    public async Task Stop()
    {
        if (await this.GetReminder("alarm") is { } reminder) await this.UnregisterReminder(reminder);
    }

    public Task<int> Rings() => Task.FromResult(_rings);

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _rings++;
        return Task.CompletedTask;
    }
}
