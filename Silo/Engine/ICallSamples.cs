namespace Shop.Engine;

/// <summary>A grain and what a sample of its calls of the last seconds says.</summary>
/// <param name="Grain">The name of its class.</param>
/// <param name="Key">Its key.</param>
/// <param name="CallsPerSecond">About how often it is called.</param>
/// <param name="Mean">How long its calls take, in seconds, on average.</param>
/// <param name="Max">The longest call of the sample, in seconds.</param>
public sealed record CallSample(string Grain, string Key, double CallsPerSecond, double Mean, double Max);

/// <summary>Which grains of this silo are called most and which take longest, by key, of the last seconds.</summary>
public interface ICallSamples
{
    /// <summary>Of each class so many of the busiest and so many of the slowest.</summary>
    IEnumerable<CallSample> Read(int count);
}
