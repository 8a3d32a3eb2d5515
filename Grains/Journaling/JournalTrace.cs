using System.Diagnostics;

namespace Shop.Journaling;

/// <summary>A span for each wait until a commit is durable, in the traces that somebody collects.</summary>
internal static class JournalTrace
{
    private static readonly ActivitySource Source = new("Shop.Journal");

    public static Task Follow(Task commit, string grainId, int? events = null)
    {
        if (!Source.HasListeners() || Activity.Current is not { Recorded: true } || commit.IsCompleted) return commit;
        Activity? within = Activity.Current;
        Activity? span = Source.StartActivity("journal commit");
        // The wait begins here, what the grain does next is not part of it.
        Activity.Current = within;
        return span is null ? commit : WaitAsync(commit, span, grainId, events);
    }

    private static async Task WaitAsync(Task commit, Activity span, string grainId, int? events)
    {
        span.SetTag("shop.grain", grainId);
        if (events is not null) span.SetTag("shop.journal.events", events);
        try
        {
            await commit;
        }
        catch (Exception e)
        {
            span.SetStatus(ActivityStatusCode.Error, e.GetType().Name);
            throw;
        }
        finally
        {
            span.Stop();
        }
    }
}
