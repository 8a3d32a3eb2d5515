namespace Shop.Architecture.Tests;

/// <summary>Settings of the runtime that all programs here are given. One that is not heard any more would only make them slower.</summary>
public sealed class RuntimeSettingsTests
{
    [Fact]
    public void The_collector_hears_how_much_may_be_new_and_that_all_processors_collect()
    {
        IReadOnlyDictionary<string, object> heard = GC.GetConfigurationVariables();
        heard["GCGen0MaxBudget"].ShouldBe(32L * 1024 * 1024);
        heard["GCDynamicAdaptationMode"].ShouldBe(0L);
    }
}
