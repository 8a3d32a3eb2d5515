namespace Shop.Grains.Tests;

/// <summary>Runs a property over random sequences of commands.</summary>
internal static class Properties
{
    private const int Runs = 300;

    /// <summary>The property must hold after every command of every sequence; a counterexample is shrunk and shown with its seed.</summary>
    public static void ForAllSequences<TCommand>(Gen<TCommand> command, Action<IReadOnlyList<TCommand>> property)
    {
        Arbitrary<List<TCommand>> sequences = command.ListOf().ToArbitrary();
        Prop.ForAll(sequences, commands => property(commands)).Check(Config.QuickThrowOnFailure.WithMaxTest(Runs).WithEndSize(120));
    }
}
