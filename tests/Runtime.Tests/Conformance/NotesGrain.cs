using Orleans;
using Orleans.Runtime;

namespace Shop.Runtime.Tests;

[GenerateSerializer]
public sealed class Notes
{
    [Id(0)]
    public int Count { get; set; }

    [Id(1)]
    public List<string> Lines { get; set; } = [];
}

public interface INotesGrain : IGrainWithStringKey
{
    Task Write(string line);

    Task<List<string>> Read();

    Task<bool> Exists();

    Task Erase();
}

public class NotesGrain([PersistentState("notes", "store")] IPersistentState<Notes> notes) : Grain, INotesGrain
{
    public Task Write(string line)
    {
        notes.State.Lines.Add(line);
        notes.State.Count++;
        return notes.WriteStateAsync();
    }

    public Task<List<string>> Read() => Task.FromResult(notes.State.Lines);

    public Task<bool> Exists() => Task.FromResult(notes.RecordExists);

    public Task Erase() => notes.ClearStateAsync();
}
