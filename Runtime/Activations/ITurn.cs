namespace Orleans.Activations;

/// <summary>An entry in a mailbox: a call or the continuation of one. Entries are their own list nodes.</summary>
internal interface ITurn
{
    ITurn? Next { get; set; }

    void Run(Activation activation);
}
