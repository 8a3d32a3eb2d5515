using System.Text;
using System.Text.Json;
using Shop.Journaling;

namespace Shop.Grains.Tests;

public sealed class SnapshotTests
{
    [Theory]
    [InlineData("""{"CommitVersion":3,"EventCount":4,"State":{"a":[1,"\u00fc"]}}""")]
    [InlineData("""{"CommitVersion":3,"EventCount":4,"State":"{\u0022a\u0022:[1,\u0022\\u00fc\u0022]}"}""")]
    public void A_state_is_a_part_of_its_snapshot_and_was_text_within_it_before(string json)
    {
        GrainSnapshot read = JsonSerializer.Deserialize<GrainSnapshot>(json)!;
        JsonElement state = JsonDocument.Parse(read.State!).RootElement;
        (state.GetProperty("a")[0].GetInt32(), state.GetProperty("a")[1].GetString()).ShouldBe((1, "ü"));
        string written = JsonSerializer.Serialize(read);
        written.ShouldContain("""State":{"a":[1,""");
        Encoding.UTF8.GetString(JsonSerializer.Deserialize<GrainSnapshot>(written)!.State!).ShouldBe(Encoding.UTF8.GetString(read.State!));
        JsonSerializer.Deserialize<GrainSnapshot>("""{"CommitVersion":0,"EventCount":0,"State":null}""")!.State.ShouldBeNull();
    }
}
