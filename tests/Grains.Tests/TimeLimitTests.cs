namespace Shop.Grains.Tests;

public sealed class TimeLimitTests
{
    // From the timer of a CancellationTokenSource the exception would end the process of the tests.
    [Fact]
    public async Task It_cancels_though_a_callback_throws()
    {
        using var limit = new TimeLimit(TimeSpan.FromMilliseconds(20));
        using CancellationTokenRegistration registration = limit.Token.Register(() => throw new ObjectDisposedException("connection"));
        await Should.ThrowAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromMinutes(1), limit.Token));
    }

    [Fact]
    public async Task It_cancels_with_the_outer_token_which_hears_of_no_callback()
    {
        using var outer = new CancellationTokenSource();
        using var limit = new TimeLimit(TimeSpan.FromMinutes(1), outer.Token);
        using CancellationTokenRegistration registration = limit.Token.Register(() => throw new ObjectDisposedException("connection"));
        await outer.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromMinutes(1), limit.Token));
    }

    [Fact]
    public async Task What_is_done_in_time_is_not_cancelled()
    {
        using var outer = new CancellationTokenSource();
        CancellationToken token;
        using (var limit = new TimeLimit(TimeSpan.FromMilliseconds(20), outer.Token)) token = limit.Token;
        await outer.CancelAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(60));
        token.IsCancellationRequested.ShouldBeFalse();
    }
}
