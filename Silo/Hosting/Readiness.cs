using Microsoft.Extensions.DependencyInjection;
using Shop.Engine;
using Shop.Journaling;

namespace Shop.Hosting;

/// <summary>Whether this process can take work: its store answers, and it has its place in the cluster if there is one.</summary>
public sealed class Readiness(IServiceProvider services)
{
    private readonly JournalWriter? _writer = services.GetService<JournalWriter>();
    private readonly IEngineState? _cluster = services.GetService<IEngineState>();

    /// <summary>Why it cannot; null when it can.</summary>
    public string? Obstacle => _writer is { IsAvailable: false } ? "The store cannot be reached."
        : _cluster is { IsReady: false } ? "There is no place in the cluster now."
        : null;
}
