using System.CommandLine;
using System.Globalization;
using Shop.Gateway.Import;
using Spectre.Console;

namespace Shop.Gateway.Commands;

/// <summary>The command line's <c>import</c>.</summary>
internal static class ImportCommand
{
    private const int Failed = CommandLine.Failed, Stopped = CommandLine.Stopped;

    /// <summary>The command.</summary>
    public static Command Make()
    {
        var file = new Argument<FileInfo>("file") { Description = "The CSV file of the UCI Online Retail data set." };
        var retail = new Command("online-retail", "Builds the catalogue and the opening stock from the file and replays its invoices through carts and checkouts. Can be stopped and run again.")
        {
            file,
        };
        retail.TreatUnmatchedTokensAsErrors = false;
        retail.SetAction((parsed, cancellation) => ImportAsync(parsed.GetValue(file)!, [.. parsed.UnmatchedTokens], cancellation));
        return new Command("import", "Brings data into the shop.") { retail };
    }

    private static async Task<int> ImportAsync(FileInfo file, string[] settings, CancellationToken cancellation)
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (!file.Exists)
        {
            Console.Error.WriteLine($"There is no file {file.FullName}.");
            return Failed;
        }

        using IHost host = await CommandLine.StartShopAsync(settings, cancellation);
        try
        {
            using StreamReader reader = file.OpenText();
            RetailPlan plan = RetailPlan.Read(reader);
            console.MarkupLineInterpolated($"{plan.LineCount} lines: {plan.Invoices} invoices of {plan.Titles.Count} articles and {plan.Customers.Count} customers, {plan.Returns.Count()} returns");
            RetailResult result = await WithProgress(console, new RetailImport(host.Services.GetRequiredService<IGrainFactory>(), plan), cancellation);
            return Summary.Print(console, plan, result) ? 0 : Failed;
        }
        catch (OperationCanceledException)
        {
            console.MarkupLine("[yellow]Stopped. Run the same command again to go on from here.[/]");
            return Stopped;
        }
        catch (Exception e) when (e is FormatException or ImportException)
        {
            Console.Error.WriteLine(e.Message);
            return Failed;
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    private static Task<RetailResult> WithProgress(IAnsiConsole console, RetailImport import, CancellationToken cancellation) => console.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
        .StartAsync(async progress =>
        {
            ProgressTask task = progress.AddTask("articles", maxValue: import.WorkCount);
            return await import.RunAsync(
                phase =>
                {
                    task.Description = phase;
                    task.Increment(1);
                },
                cancellation);
        });

    private static class Summary
    {
        public static bool Print(IAnsiConsole console, RetailPlan plan, RetailResult shop)
        {
            long unitsSold = plan.Orders.SelectMany(o => o.Lines).Sum(l => (long)l.Quantity);
            long unitsBack = plan.Returns.Sum(r => (long)r.Quantity);
            decimal gross = plan.Orders.Sum(o => o.Total.ToDecimal());
            decimal back = plan.Returns.Sum(r => r.Amount.ToDecimal());
            decimal left = plan.NotTaken.Values.Sum(n => n.Amount);
            Table table = new Table().Title("Reconciliation").AddColumns("", "File", "Shop", "Difference");
            foreach (TableColumn column in table.Columns.Skip(1)) column.RightAligned();
            bool good = true;
            void Row(string name, decimal inFile, decimal inShop, string format)
            {
                good &= inFile == inShop;
                CultureInfo culture = CultureInfo.InvariantCulture;
                table.AddRow(name, inFile.ToString(format, culture), inShop.ToString(format, culture), (inShop - inFile).ToString(format, culture));
            }

            Row("Gross sales, GBP", gross, shop.Gross.ToDecimal(), "N2");
            Row("Returns, GBP", back, shop.Refunded.ToDecimal(), "N2");
            Row("Net sales, GBP", gross - back, (shop.Gross - shop.Refunded).ToDecimal(), "N2");
            Row("Orders", plan.Orders.Count(), shop.Orders, "N0");
            Row("Order lines (lines of one SKU and price are one)", plan.Orders.Sum(o => o.Lines.Length), shop.Lines, "N0");
            Row("Returned lines", plan.ReturnLines, shop.Returns, "N0");
            Row("Units sold", unitsSold, shop.Units, "N0");
            Row("Units returned", unitsBack, shop.UnitsReturned, "N0");
            Row("Units on hand (opening stock is what will be sold)", unitsBack, shop.OnHand, "N0");
            Row("Customers", plan.Customers.Count, shop.Customers, "N0");
            console.Write(table);

            Table not = new Table().Title("Lines not taken").AddColumns("Reason", "Lines", "GBP");
            foreach (TableColumn column in not.Columns.Skip(1)) column.RightAligned();
            foreach ((string reason, (int count, decimal amount)) in plan.NotTaken) not.AddRow(Markup.Escape(reason), Text(count), Text(amount));
            console.Write(not);

            int notTaken = plan.NotTaken.Values.Sum(n => n.Count);
            Console.WriteLine($"Lines: {plan.SaleLines} sold + {plan.ReturnLines} returned + {notTaken} not taken = {plan.SaleLines + plan.ReturnLines + notTaken} of {plan.LineCount}");
            Console.WriteLine($"GBP: {Text(gross)} sold - {Text(back)} returned + {Text(left)} not taken = {Text(gross - back + left)} of {Text(plan.FileTotal)}");
            Console.WriteLine($"Invoices: {plan.Invoices}, of which {plan.Orders.Count() - plan.Invoices} became a second order because they have a SKU at two prices");
            Console.WriteLine($"New in this run: {shop.Done} orders and returns");
            good &= plan.SaleLines + plan.ReturnLines + notTaken == plan.LineCount && gross - back + left == plan.FileTotal;
            console.MarkupLine(good ? "[green]Everything reconciles to the penny.[/]" : "[red]The figures do not reconcile.[/]");
            return good;
        }

        private static string Text(decimal amount) => amount.ToString("N2", CultureInfo.InvariantCulture);

        private static string Text(int count) => count.ToString("N0", CultureInfo.InvariantCulture);
    }
}
