using Orleans.Serialization;

namespace Shop.Runtime.Tests;

public sealed class CodecTests
{
    private static readonly Serializer Serializer = new();

    [Fact]
    public void Every_field_survives_the_wire()
    {
        var letter = new Letter("Ada", [1, -2, int.MaxValue], new() { ["gold"] = 1.23m }, DateTimeOffset.UnixEpoch, new Stamp(79228162514264337593543950335m, Colour.Blue)) { Remark = "ü\0" };
        Letter read = Serializer.Deserialize<Letter>(Serializer.SerializeToArray(letter));
        read.Pages.ShouldBe(letter.Pages);
        read.Enclosed.ShouldBe(letter.Enclosed);
        (read with { Pages = letter.Pages, Enclosed = letter.Enclosed }).ShouldBe(letter);
    }

    [Fact]
    public void A_closed_set_keeps_its_case()
    {
        Serializer.Deserialize<Answer>(Serializer.SerializeToArray<Answer>(new Answer.No("why"))).ShouldBe(new Answer.No("why"));
        Serializer.Deserialize<Answer>(Serializer.SerializeToArray<Answer>(new Answer.Yes(3))).ShouldBe(new Answer.Yes(3));
    }

    [Fact]
    public void A_copy_shares_nothing_mutable()
    {
        var letter = new Letter("Ada", [1], new() { ["gold"] = 1m }, null, default);
        Letter copy = Serializer.DeepCopy(letter);
        copy.Enclosed!["gold"] = 2m;
        letter.Enclosed!["gold"].ShouldBe(1m);
    }

    [Fact]
    public void Damaged_bytes_are_an_error_and_never_a_crash()
    {
        byte[] good = Serializer.SerializeToArray(new Letter("Ada", [1, 2, 3], new() { ["a"] = 1m }, DateTimeOffset.UnixEpoch, default));
        var random = new Random(42);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bad = good[..random.Next(good.Length + 1)];
            for (int i = random.Next(4); i > 0 && bad.Length > 0; i--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                Serializer.Deserialize<Letter>(bad);
            }
            catch (Exception e) when (e is CodecException or OverflowException)
            {
                // Refused, as it should be.
            }
        }
    }
}
