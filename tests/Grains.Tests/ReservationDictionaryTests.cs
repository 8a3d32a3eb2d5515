using Shop.Stock;

namespace Shop.Grains.Tests;

/// <summary>What a stock remembers its reservations in, held against the framework's own collections.</summary>
public sealed class ReservationDictionaryTests
{
    // More than fit into one segment.
    private const int Many = 5_000;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public abstract record Command
    {
        public sealed record Add(int First, int Count, int ExpiresInSeconds) : Command;

        public sealed record End(int First, int Count) : Command;

        public sealed record Forget(int EndedSecondsAgo) : Command;

        public sealed record Remove(int First, int Count) : Command;

        public sealed record Replace(int Id, int Quantity) : Command;

        public sealed record Freeze(bool GoOnWithTheCopy) : Command;
    }

    private static readonly Gen<Command> Commands = Gen.Frequency(
        (6, from f in Gen.Choose(0, 40) from c in Gen.Frequency((50, Gen.Choose(1, 4)), (1, Gen.Constant(Many))) from s in Gen.Choose(1, 60) select (Command)new Command.Add(f, c, s)),
        (4, from f in Gen.Choose(0, 40) from c in Gen.Frequency((50, Gen.Choose(1, 4)), (1, Gen.Constant(Many))) select (Command)new Command.End(f, c)),
        (1, from s in Gen.Choose(0, 20) select (Command)new Command.Forget(s)),
        (3, from f in Gen.Choose(0, 40) from c in Gen.Frequency((50, Gen.Choose(1, 4)), (1, Gen.Constant(Many))) select (Command)new Command.Remove(f, c)),
        (1, from i in Gen.Choose(0, 40) from q in Gen.Choose(1, 9) select (Command)new Command.Replace(i, q)),
        (2, from g in Gen.Elements(true, false) select (Command)new Command.Freeze(g)));

    [Fact]
    public void It_does_what_a_dictionary_does_and_a_frozen_copy_stays_as_it_was() => Properties.ForAllSequences(Commands, commands =>
    {
        ReservationDictionary reservations = [];
        Dictionary<ReservationKey, Reservation> model = [];
        List<ClosedReservation> ended = [];
        List<(ReservationDictionary Copy, Dictionary<ReservationKey, Reservation> Model, ClosedReservation[] Ended)> frozen = [];
        DateTimeOffset now = Start;
        foreach (Command command in commands)
        {
            now += TimeSpan.FromSeconds(1);
            switch (command)
            {
                case Command.Add add:
                    for (int i = add.First; i < add.First + add.Count; i++)
                    {
                        var reservation = new Reservation(1, Start.AddSeconds(add.ExpiresInSeconds), i % 3 == 0 ? new CustomerId("c") : null, ReservationStatus.Held);
                        if (model.TryAdd(Key(i), reservation)) reservations.Add(Key(i), reservation);
                        else Should.Throw<ArgumentException>(() => reservations.Add(Key(i), reservation));
                    }

                    break;
                case Command.End end:
                    for (int i = end.First; i < end.First + end.Count; i++)
                    {
                        if (model.TryGetValue(Key(i), out Reservation known) && known.Status == ReservationStatus.Held)
                        {
                            reservations.End(Key(i), ReservationStatus.Confirmed, now).ShouldBe(known);
                            model[Key(i)] = known with { Status = ReservationStatus.Confirmed, ExpiresAt = now };
                            ended.Add(new ClosedReservation(Key(i), now));
                        }
                        else Should.Throw<Exception>(() => reservations.End(Key(i), ReservationStatus.Released, now));
                    }

                    break;
                case Command.Forget forget:
                    DateTimeOffset before = now - TimeSpan.FromSeconds(forget.EndedSecondsAgo);
                    reservations.Forget(before);
                    foreach (ClosedReservation gone in ended.Where(e => e.ClosedAt < before)) model.Remove(gone.Id);
                    ended.RemoveAll(e => e.ClosedAt < before);
                    break;
                case Command.Remove remove:
                    for (int i = remove.First; i < remove.First + remove.Count; i++) reservations.Remove(Key(i)).ShouldBe(model.Remove(Key(i)));
                    ended.RemoveAll(e => !model.ContainsKey(e.Id));
                    break;
                case Command.Replace replace:
                    ended.RemoveAll(e => e.Id == Key(replace.Id));
                    reservations[Key(replace.Id)] = model[Key(replace.Id)] = new Reservation(replace.Quantity, Start.AddSeconds(replace.Quantity), null, ReservationStatus.Held);
                    break;
                case Command.Freeze freeze:
                    ReservationDictionary copy = reservations.Freeze();
                    frozen.Add((freeze.GoOnWithTheCopy ? reservations : copy, new(model), [.. ended]));
                    if (freeze.GoOnWithTheCopy) reservations = copy;
                    break;
                default:
                    throw new NotSupportedException($"{command}");
            }

            reservations.Count.ShouldBe(model.Count);
            if (model.Count < 50) ShouldBe(reservations, model, ended);
        }

        ShouldBe(reservations, model, ended);
        foreach ((ReservationDictionary copy, Dictionary<ReservationKey, Reservation> was, ClosedReservation[] wasEnded) in frozen) ShouldBe(copy, was, wasEnded);
    });

    private static readonly Gen<int> QueueCommands = Gen.Frequency((5, Gen.Choose(1, 9)), (1, Gen.Constant(Many)), (4, Gen.Choose(-9, -1)), (1, Gen.Constant(-Many)), (3, Gen.Constant(0)));

    [Fact]
    public void A_segmented_list_does_what_a_list_does_and_a_frozen_copy_stays_as_it_was() => Properties.ForAllSequences(QueueCommands, commands =>
    {
        SegmentedList<int> items = new();
        List<int> model = [];
        List<(SegmentedList<int> Copy, List<int> Model)> frozen = [];
        int next = 0;
        foreach (int command in commands)
        {
            for (int i = 0; i < command; i++)
            {
                items.Add(next);
                model.Add(next++);
            }

            for (int i = 0; i > command && model.Count > 0; i--)
            {
                items.RemoveFirst().ShouldBe(model[0]);
                model.RemoveAt(0);
            }

            if (command == 0) frozen.Add((items.Freeze(), [.. model]));
            if (model.Count > 0) items.Edit(model.Count / 2) = model[model.Count / 2] = -next;
            items.Count.ShouldBe(model.Count);
            if (model.Count < 50) items.SequenceEqual(model).ShouldBeTrue();
            Should.Throw<ArgumentOutOfRangeException>(() => items[model.Count]);
        }

        items.SequenceEqual(model).ShouldBeTrue();
        foreach ((SegmentedList<int> copy, List<int> was) in frozen) copy.SequenceEqual(was).ShouldBeTrue();
    });

    [Theory]
    [InlineData("r-{0}")]
    [InlineData("run7-{0:D8}")]
    [InlineData("0198f6a1-7c3e-8d2b-9f00-{0:x12}")]
    [InlineData("a-text-that-is-no-uuid-and-not-short-{0}")]
    public void Ids_that_differ_in_a_few_letters_are_spread_as_if_at_random(string format)
    {
        const int count = 1 << 16;
        var loads = new int[count];
        for (int i = 0; i < count; i++) loads[ReservationKey.Of(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, i)).GetHashCode() & (count - 1)]++;
        // At random 37 % of the buckets stay empty, and a fullest one of more than 16 comes once in a billion times.
        loads.Count(l => l == 0).ShouldBeInRange((int)(count * 0.35), (int)(count * 0.39));
        loads.Max().ShouldBeLessThanOrEqualTo(16);
    }

    private static void ShouldBe(ReservationDictionary reservations, Dictionary<ReservationKey, Reservation> model, IReadOnlyList<ClosedReservation> ended)
    {
        reservations.Ended.SequenceEqual(ended).ShouldBeTrue();
        reservations.Count.ShouldBe(model.Count);
        reservations.All(r => model[r.Key] == r.Value).ShouldBeTrue();
        reservations.Select(r => r.Key).ToHashSet().Count.ShouldBe(model.Count);
        for (int i = 0; i < 50; i++)
        {
            reservations.TryGetValue(Key(i), out Reservation found).ShouldBe(model.TryGetValue(Key(i), out Reservation expected));
            found.ShouldBe(expected);
        }

        KeyValuePair<ReservationKey, Reservation>[] held = [.. model.Where(r => r.Value.Status == ReservationStatus.Held)];
        DateTimeOffset? next = held.Length == 0 ? null : held.Min(r => r.Value.ExpiresAt);
        reservations.NextExpiry.ShouldBe(next);
        DateTimeOffset now = Start.AddSeconds(30);
        IReadOnlyList<ReservationKey> due = reservations.DueAt(now);
        due.Select(k => model[k].ExpiresAt).ShouldBeInOrder();
        due.ToHashSet().SetEquals(held.Where(r => r.Value.ExpiresAt <= now).Select(r => r.Key)).ShouldBeTrue();
        due.Count.ShouldBe(due.Distinct().Count());
        // It is known from here on until something changes it.
        reservations.NextExpiry.ShouldBe(next);
    }

    // UUIDs, short texts and long ones.
    private static ReservationKey Key(int id) => ReservationKey.Of((id % 3) switch { 0 => $"0198f6a1-7c3e-8d2b-9f00-{id:x12}", 1 => $"r{id}", _ => $"a-text-that-is-no-uuid-and-not-short-{id}" });
}
