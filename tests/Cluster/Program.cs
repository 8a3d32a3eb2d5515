using System.Globalization;

namespace Shop.Cluster.Tests;

/// <summary>The long suite: every fault, many times, and a table of what came of it.</summary>
internal static class Program
{
    private const string Usage = """
        Runs faults against three silos and two gateways while customers buy, and checks everything after each run.

          --runs N        runs of each fault (10)
          --seed N        the first seed; run i of a fault has seed N + i (random; printed)
          --fault TEXT    only faults whose name contains the text; may be given more than once
          --previous DIR  another build of this program, older or of the other engine, which upgrades and restarts go between
          --report FILE   writes the table as Markdown; rows of faults that were not run now stay as they are in the file
          --list          names the faults
        """;

    public static async Task<int> Main(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, "--" + name) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : null;
        if (args.Contains("--help"))
        {
            Console.WriteLine(Usage);
            return 0;
        }

        string[] chosen = [.. args.Zip(args.Skip(1)).Where(pair => pair.First == "--fault").Select(pair => pair.Second)];
        Fault[] faults = [.. Fault.All.Where(f => chosen.Length == 0 || chosen.Any(text => f.Name.Contains(text, StringComparison.OrdinalIgnoreCase)))];
        if (args.Contains("--list") || faults.Length == 0)
        {
            foreach (Fault fault in Fault.All) Console.WriteLine(fault.Name);
            return faults.Length == 0 ? 2 : 0;
        }

        if (PostgreSqlServer.SkipReason is { } reason)
        {
            Console.Error.WriteLine(reason);
            return 2;
        }

        ShopProcess.PreviousVersion = Option("previous");
        int runs = int.Parse(Option("runs") ?? "10", CultureInfo.InvariantCulture);
        int seed = int.Parse(Option("seed") ?? Random.Shared.Next(1_000_000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        List<ChaosResult> results = [];
        foreach (Fault fault in faults)
        {
            if (fault.Obstacle is { } obstacle) Console.WriteLine($"{fault.Name}: left out: {obstacle}");
            else results.AddRange(await RunAsync(fault, runs, seed));
            // After each fault, so that a run that is stopped leaves what it has found.
            if (Option("report") is { } file)
            {
                string[] before = File.Exists(file) ? await File.ReadAllLinesAsync(file) : [];
                await File.WriteAllTextAsync(file, Report(Table(Merge(before, Rows(results))), runs, seed));
            }
        }

        Console.WriteLine(Table(Rows(results)));
        return results.Any(r => r.Violations.Count > 0) ? 1 : 0;
    }

    // A cluster of its own for each fault: what one leaves behind is not another's.
    private static async Task<List<ChaosResult>> RunAsync(Fault fault, int runs, int seed)
    {
        List<ChaosResult> results = [];
        ShopCluster? cluster = null;
        try
        {
            for (int run = 0; run < runs; run++)
            {
                // A silo that joins stays; a cluster that has grown too large is replaced.
                if (cluster is { Silos.Count: > 4 })
                {
                    cluster.Dispose();
                    cluster = null;
                }

                ChaosResult result;
                try
                {
                    cluster ??= await ShopCluster.StartAsync(silos: 3, gateways: 2, fault.Need);
                    result = await Chaos.RunAsync(cluster, fault, seed + run);
                }
                catch (Exception e)
                {
                    result = new ChaosResult(fault.Name, seed + run, 0, 0, TimeSpan.Zero, [$"the run did not end: {e.Message}"]);
                    foreach (Node node in cluster?.Nodes ?? []) Console.WriteLine($"--- {node.Name}\n{node.Process.Output}");
                    cluster?.Dispose();
                    cluster = null;
                }

                results.Add(result);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{fault.Name}: run {run + 1} of {runs}, seed {seed + run}: {result.Operations} operations, {result.Errors} without an answer at first, longest outage {result.Outage.TotalSeconds:F1} s, {result.Violations.Count} violations"));
                foreach (string violation in result.Violations) Console.WriteLine("  VIOLATION " + violation);
            }
        }
        finally
        {
            cluster?.Dispose();
        }

        return results;
    }

    private static List<string> Rows(List<ChaosResult> results) => [.. results.GroupBy(r => r.Fault).Select(fault =>
    {
        TimeSpan[] outages = [.. fault.Select(r => r.Outage).Order()];
        return string.Create(CultureInfo.InvariantCulture,
            $"| {Cell(fault.Key)} | {outages.Length} | {fault.Sum(r => r.Operations):N0} | {fault.Sum(r => r.Violations.Count)} | {outages[^1].TotalSeconds:F1} s | {outages[outages.Length / 2].TotalSeconds:F1} s |");
    })];

    // In the order of the faults; what was not run now keeps its row.
    private static IEnumerable<string> Merge(string[] before, List<string> rows) => Fault.All
        .Select(f => $"| {Cell(f.Name)} |")
        .Select(start => rows.Concat(before).FirstOrDefault(r => r.StartsWith(start, StringComparison.Ordinal)))
        .OfType<string>();

    private static string Table(IEnumerable<string> rows) =>
        $"| fault | runs | operations | violations | longest outage | median outage |\n|---|---:|---:|---:|---:|---:|\n{string.Join('\n', rows)}\n";

    private static string Cell(string name) => name.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Report(string table, int runs, int seed) => $"""
        # Reliability

        What happens to a cluster of three silos and two gateways on one PostgreSQL, and to one process on SQLite, when things go
        wrong; made by

        ```bash
        dotnet run -c Release --project tests/Cluster -- --runs {runs} --seed {seed}{(ShopProcess.PreviousVersion is null ? "" : " --previous DIRECTORY")} --report docs/reliability.md
        ```

        Twelve customers buy, reserve, give back and look at four SKUs through both gateways all the time. They repeat what was not
        answered, with the same key, until they have an answer. In the middle of it something goes wrong and is put right again.
        After each run everything is checked: the answers of each SKU must fit one order of a single counter (linearizability),
        nothing may be sold that was not there, units are conserved, every acknowledged command is in the journal exactly once, and
        every order is paid once if it is placed and not at all if it is not; and what consumers of events have counted must equal the
        whole journal counted again.
        The outage is the longest time in which no checkout succeeded; the lease of a silo is {ShopCluster.Lease.TotalSeconds} s in these runs.

        {table}
        """;
}
