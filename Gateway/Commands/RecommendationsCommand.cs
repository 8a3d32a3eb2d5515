using System.CommandLine;
using System.Globalization;
using Shop.Gateway.Import;
using Shop.Recommendations;
using Spectre.Console;

namespace Shop.Gateway.Commands;

/// <summary>The command line's <c>recommendations</c>.</summary>
internal static class RecommendationsCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var file = new Argument<FileInfo>("file") { Description = "The CSV file of the UCI Online Retail data set." };
        var share = new Option<double>("--held-out") { Description = "The share of the latest baskets that is held out.", DefaultValueFactory = _ => 0.2 };
        var evaluate = new Command("evaluate", "Learns from the earlier baskets of the file, hides one product after another of the later ones, and prints how often the ten recommended name it.") { file, share };
        evaluate.SetAction(parsed => Evaluate(parsed.GetValue(file)!, parsed.GetValue(share)));
        return new Command("recommendations", "Recommendations.") { evaluate };
    }

    private static int Evaluate(FileInfo file, double share)
    {
        if (!file.Exists || share is <= 0 or >= 1)
        {
            Console.Error.WriteLine(file.Exists ? "--held-out must be between 0 and 1, for instance 0.2." : $"There is no file {file.FullName}.");
            return CommandLine.Failed;
        }

        string[][] baskets;
        using (StreamReader reader = file.OpenText())
            baskets = [.. RetailPlan.Read(reader).Orders.OrderBy(o => o.At).ThenBy(o => o.Id.Value, StringComparer.Ordinal).Select(o => AffinityRules.Basket(o.Lines.Select(l => l.Sku.Value)))];
        EvaluationResult[] results = new OfflineEvaluation(baskets, share).Run();
        Table table = new Table().Title($"{results[0].Trials:N0} products hidden in the last {share:P0} of {baskets.Length:N0} baskets").AddColumns("method", "hit rate at 10", "coverage at 10");
        foreach (EvaluationResult r in results)
            table.AddRow(r.Method, r.HitRate.ToString("P2", CultureInfo.InvariantCulture), r.Coverage.ToString("P2", CultureInfo.InvariantCulture));
        AnsiConsole.Write(table);
        EvaluationResult ours = results[^1];
        bool isGood = results.All(r => ours.HitRate >= r.HitRate && ours.Coverage >= r.Coverage);
        Console.WriteLine(isGood ? "Ours is at or above each baseline in both." : "Ours is below a baseline.");
        return isGood ? 0 : CommandLine.Failed;
    }
}
