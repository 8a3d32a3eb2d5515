using Orleans.Calls;

namespace Shop.Runtime.Tests;

public sealed class KeySamplesTests
{
    [Fact]
    public void The_busiest_and_the_slowest_are_found_among_many_in_little_memory()
    {
        var samples = new KeySamples("Test");
        var random = new Random(7);
        for (int i = 0; i < 200_000; i++)
        {
            // Half of all calls go to three grains, the other half to a hundred thousand; one that is called rarely is slow.
            string key = random.Next(2) == 0 ? $"busy-{random.Next(3)}" : $"any-{random.Next(100_000)}";
            samples.Add(key, TimeSpan.FromMicroseconds(10 + random.Next(90)), 64);
            if (i % 50_000 == 10) samples.Add("slow", TimeSpan.FromSeconds(1), 1);
        }

        IReadOnlyList<KeySample> found = samples.Read(5);
        found.OrderByDescending(k => k.CallsPerSecond).Take(3).Select(k => k.Key).Order().ShouldBe(["busy-0", "busy-1", "busy-2"]);
        KeySample slow = found.MaxBy(k => k.Max)!;
        (slow.Key, slow.Max).ShouldBe(("slow", 1));
        found.Count.ShouldBeLessThanOrEqualTo(10);
        KeySample busy = found.MaxBy(k => k.CallsPerSecond)!;
        busy.Mean.ShouldBeInRange(10e-6, 100e-6);
        busy.Grain.ShouldBe("Test");
    }

    [Fact]
    public void All_being_equally_slow_is_no_trouble()
    {
        var samples = new KeySamples("Test");
        for (int i = 0; i < 4_000; i++) samples.Add($"{i}", TimeSpan.FromMilliseconds(i), 1);
        samples.Read(3).MaxBy(k => k.Max)!.Key.ShouldBe("3999");
    }
}
