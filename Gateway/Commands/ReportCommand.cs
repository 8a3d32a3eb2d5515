using System.CommandLine;
using Shop.Events;
using Shop.Gateway.Reports;
using Shop.Streams;
using Spectre.Console;

namespace Shop.Gateway.Commands;

/// <summary>The command line's <c>report</c>.</summary>
internal static class ReportCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var name = new Argument<string>("name") { Description = "One of: " + string.Join(", ", Report.Names) + "." };
        name.AcceptOnlyFromAmong([.. Report.Names]);
        var format = new Option<string>("--format") { Description = "csv or jsonl.", DefaultValueFactory = _ => "csv" };
        format.AcceptOnlyFromAmong("csv", "jsonl");
        var output = new Option<FileInfo?>("--output") { Description = "The file to write; standard output when missing." };
        var report = new Command("report", "Makes a report over the whole journal.") { name, format, output };
        report.TreatUnmatchedTokensAsErrors = false;
        report.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(name)!, parsed.GetValue(format)!, parsed.GetValue(output), [.. parsed.UnmatchedTokens], cancellation));
        return report;
    }

    private static async Task<int> RunAsync(string name, string format, FileInfo? output, string[] settings, CancellationToken cancellation)
    {
        await using var history = new EventHistory(CommandLine.Options(settings));
        Report report = Report.Of(name);
        try
        {
            // Progress goes to the other stream, so that a report can be piped.
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
            await console.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .StartAsync(progress => ReadAsync(history, report, progress.AddTask("journal", maxValue: 1), cancellation));
            await using TextWriter writer = output is null ? Console.Out : output.CreateText();
            report.Write(writer, format == "csv");
            return 0;
        }
        catch (OperationCanceledException)
        {
            return CommandLine.Stopped;
        }
    }

    private static async Task ReadAsync(EventHistory history, Report report, ProgressTask progress, CancellationToken cancellation)
    {
        await foreach ((IReadOnlyList<ShopEvent> events, double done) in history.ReadAsync(cancellation))
        {
            foreach (ShopEvent @event in events) report.Add(@event);
            progress.Value = done;
        }

        progress.Value = 1;
    }
}
