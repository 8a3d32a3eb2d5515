using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Shop.Cluster.Tests;

/// <summary>Silos and gateways as processes on one PostgreSQL, while things go wrong.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    [PostgreSqlFact]
    public async Task A_flash_sale_goes_on_while_a_silo_dies_and_another_joins()
    {
        const int Units = 2_000, Buyers = 5_000, AtOnce = 400;
        using ShopCluster cluster = await ShopCluster.StartAsync(silos: 3, gateways: 2);
        ShopClient[] gateways = [.. cluster.Gateways.Select(g => new ShopClient(g.Process.Address, ShopCluster.SecretKey))];
        await gateways[0].Stock("DROP", Units, 20m);
        Node victim = await OwnerAsync(cluster, "DROP");
        var history = new History();
        using var slots = new SemaphoreSlim(AtOnce);
        int sold = 0;
        Task<Answer>[] buying = [.. Enumerable.Range(0, Buyers).Select(async buyer =>
        {
            await slots.WaitAsync();
            try
            {
                Answer answer = await BuyAsync(gateways, "DROP", buyer);
                if (answer.Code == 201 && Interlocked.Increment(ref sold) < Units) history.Sold();
                return answer;
            }
            finally
            {
                slots.Release();
            }
        })];
        long began = History.Now;
        while (Volatile.Read(ref sold) < Units / 4) await Task.Delay(10);
        victim.Process.Kill();
        Task<Node> joining = cluster.AddSiloAsync();
        while (Volatile.Read(ref sold) < Units) await Task.Delay(10);
        long ended = History.Now;
        Answer[] answers = await Task.WhenAll(buying);
        await joining;
        output.WriteLine($"The longest time in which no checkout succeeded: {history.LongestOutage(began, ended).TotalSeconds:F1} s; all {Units} units sold in {Stopwatch.GetElapsedTime(began, ended).TotalSeconds:F1} s");
        answers.Count(a => a.Code == 201).ShouldBe(Units);
        answers.Count(a => a.Code == 409).ShouldBe(Buyers - Units);
        answers.Where(a => a.Code == 201).Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(Units);
        await gateways[1].CheckLevel("DROP", sold: Units, onHand: 0);
        history.LongestOutage(began, ended).ShouldBeLessThan(EnginePromises.OutageMax);
        foreach (ShopClient gateway in gateways) gateway.Dispose();
    }

    [PostgreSqlFact]
    public async Task A_write_of_a_silo_that_slept_through_its_lease_is_refused_by_the_store()
    {
        const int Skus = 24;
        using ShopCluster cluster = await ShopCluster.StartAsync(silos: 3, gateways: 1);
        using var shop = new ShopClient(cluster.Gateways[0].Process.Address, ShopCluster.SecretKey);
        for (int i = 0; i < Skus; i++) await shop.Stock($"S-{i}", 10);

        // Its commits get as far as the wire to the database and no farther; then it sleeps.
        Node sleeper = cluster.Silos[0];
        sleeper.Database.Hold(Direction.Both);
        Task<Answer>[] held = [.. Enumerable.Range(0, Skus).Select(i => Reserve(shop, $"S-{i}", 10, $"sleeper-{i}"))];
        await Task.Delay(1_000);
        int[] stuck = [.. Enumerable.Range(0, Skus).Where(i => !held[i].IsCompleted)];
        stuck.ShouldNotBeEmpty("Some of these SKUs live on the first silo.");
        sleeper.Process.Freeze(true);

        // Others take over and sell the same units.
        foreach (int i in stuck)
        {
            Answer taken;
            var limit = Stopwatch.StartNew();
            while ((taken = await Reserve(shop, $"S-{i}", 10, $"other-{i}")).Code != 201 && limit.Elapsed < 3 * EnginePromises.OutageMax) await Task.Delay(100);
            taken.ShouldBe(201);
        }

        sleeper.Process.Freeze(false);
        cluster.Heal();
        var waited = Stopwatch.StartNew();
        bool IsAwake() => EnginePromises.SilosOutliveTheirDeath ? sleeper.Process.Output.Contains("another activation", StringComparison.Ordinal) : sleeper.Process.HasEnded;
        while (!IsAwake() && waited.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(50);
        IsAwake().ShouldBeTrue(sleeper.Process.Output);
        await Task.WhenAll(held);
        foreach (int i in stuck)
        {
            held[i].Result.Code.ShouldNotBe(201);
            JsonNode level = await shop.Level($"S-{i}");
            ((long)level["reserved"]!, (long)level["available"]!).ShouldBe((10, 0));
        }

        // It is a member again, under a new epoch, and works.
        if (sleeper.Process.HasEnded) await ShopCluster.StartAsync(sleeper);
        await cluster.WhenReadyAsync();
        for (int i = 0; i < Skus; i++) (await shop.Get($"/v1/stock/S-{i}")).ShouldBe(200);
    }

    [PostgreSqlFact]
    public async Task A_fourth_silo_joins_under_load_without_a_failed_request_and_gets_its_share()
    {
        const int Grains = 2_000;
        using ShopCluster cluster = await ShopCluster.StartAsync(silos: 3, gateways: 2);
        using var shop = new ShopClient(cluster.Gateways[0].Process.Address, ShopCluster.SecretKey);
        Task TouchAll() => Parallel.ForAsync(0, Grains, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => (await shop.Get($"/v1/stock/T-{i}")).ShouldBe(404));
        await TouchAll();
        await using (Load load = await Load.StartAsync(cluster, "join", clients: 12, seed: 7))
        {
            await Task.Delay(1_000);
            await cluster.AddSiloAsync();
            await Task.Delay(2_000);
            await TouchAll();
            await load.StopAsync();
            load.Errors.ShouldBe(0, $"{load.FirstError}\n{string.Join("\n---\n", cluster.Nodes.Select(n => $"{n.Name}\n{n.Process.Output}"))}");
            (await Verdict.FindViolationsAsync(cluster, load)).ShouldBeEmpty();
        }

        long[] activations = await Task.WhenAll(cluster.Silos.Select(async s =>
        {
            using var silo = new ShopClient(s.Process.Address, null);
            return (long)(await silo.Get("/cluster"))["activations"]!;
        }));
        output.WriteLine($"Activations: {string.Join(", ", activations)}");
        double even = activations.Average();
        activations.ShouldAllBe(n => !EnginePromises.SharesGrainsOut || Math.Abs(n - even) < even * 0.15);
        // What the dashboard knows of single grains is of the last seconds, and the verdict may have taken longer.
        await Task.WhenAll(TouchAll(), ShowsEverySiloAsync(cluster, activations.Length));
    }

    // The dashboard by any gateway, and the state and log of grains that are anywhere.
    private static async Task ShowsEverySiloAsync(ShopCluster cluster, int silos)
    {
        foreach (Node gateway in cluster.Gateways)
        {
            using var shop = new ShopClient(gateway.Process.Address, ShopCluster.SecretKey);
            shop.Http.DefaultRequestHeaders.Add("Authorization", "Bearer " + ShopCluster.SecretKey);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var reader = new StreamReader(await shop.Http.GetStreamAsync("/v1/dashboard", limit.Token));
            while (true)
            {
                string line = await reader.ReadLineAsync(limit.Token) ?? throw new EndOfStreamException("The dashboard ended.");
                if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
                JsonArray shown = JsonNode.Parse(line["data: ".Length..])!["silos"]!.AsArray();
                int withStock = shown.Count(s => s!["grains"]!.AsArray().Any(g => (string)g!["grain"]! == "StockGrain" && g["keys"]!.AsArray().Count > 0));
                if (shown.Count == silos && withStock >= (EnginePromises.SharesGrainsOut ? silos : 1)) break;
            }

            string[] orders = [.. (await shop.Get("/v1/orders?pageSize=20")).ShouldBe(200)["orders"].AsArray().Select(o => (string)o!["id"]!)];
            orders.Length.ShouldBe(20);
            foreach (string order in orders) ((long)(await shop.Get($"/v1/grains/order/{order}")).ShouldBe(200)["version"]!).ShouldBeGreaterThan(0);
        }
    }

    [ClusterTheory, Trait("Category", "Long")]
    [InlineData("kill -9 of a silo")]
    [InlineData("partition silo | database")]
    [InlineData("connections reset")]
    public async Task What_was_acknowledged_stays_true_whatever_breaks(string name)
    {
        int seed = Random.Shared.Next(1_000_000);
        Fault fault = Fault.All.First(f => f.Name.StartsWith(name, StringComparison.Ordinal));
        using ShopCluster cluster = await ShopCluster.StartAsync(silos: 3, gateways: 2);
        ChaosResult result = await Chaos.RunAsync(cluster, fault, seed);
        output.WriteLine($"Seed {seed}: {result.Operations} operations, {result.Errors} without an answer at first, longest outage {result.Outage.TotalSeconds:F1} s");
        result.Violations.ShouldBeEmpty($"seed {seed}");
    }

    [ClusterImportFact, Trait("Category", "Long")]
    public async Task An_import_goes_on_while_a_silo_is_killed_and_every_consumer_counts_everything_once()
    {
        using ShopCluster cluster = await ShopCluster.StartAsync(silos: 2, gateways: 1);
        Task<(int ExitCode, string Text)> importing = cluster.RunCommandAsync("import", "online-retail", RealFile.Path!);
        await Task.Delay(TimeSpan.FromSeconds(12));
        importing.IsCompleted.ShouldBeFalse();
        cluster.Silos[0].Process.Kill();
        await Task.Delay(TimeSpan.FromSeconds(5));
        await ShopCluster.StartAsync(cluster.Silos[0]);
        (int imported, string summary) = await importing;
        output.WriteLine(summary);
        imported.ShouldBe(0, summary);
        summary.ShouldContain("Everything reconciles to the penny.");
        (int recounted, string figures) = await cluster.RunCommandAsync("analytics", "recount");
        output.WriteLine(figures);
        recounted.ShouldBe(0, figures);
        figures.Split('\n').Count(l => l.Contains(", equal", StringComparison.Ordinal)).ShouldBe(4);
        using var shop = new ShopClient(cluster.Gateways[0].Process.Address, ShopCluster.SecretKey);
        JsonNode total = (await shop.Get("/v1/analytics/sales?window=day&from=2010-12-01&to=2011-01-01")).ShouldBe(200)["total"];
        ((decimal)total["revenue"]![0]!["amount"]!, (decimal)total["refunds"]![0]!["amount"]!, (long)total["orders"]!).ShouldBe((180_316.18m, 184.00m, 426L));
    }

    // The silo without which a SKU cannot be looked at.
    private static async Task<Node> OwnerAsync(ShopCluster cluster, string sku)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMilliseconds(700) };
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + ShopCluster.SecretKey);
        var address = new Uri(cluster.Gateways[0].Process.Address, $"/v1/stock/{sku}");
        for (int i = 0; ; i++)
        {
            Node silo = cluster.Silos[i % cluster.Silos.Count];
            silo.Process.Freeze(true);
            try
            {
                using HttpResponseMessage response = await http.GetAsync(address);
            }
            catch (TaskCanceledException)
            {
                return silo;
            }
            finally
            {
                silo.Process.Freeze(false);
            }
        }
    }

    private static Task<Answer> Reserve(ShopClient shop, string sku, int units, string key) =>
        shop.Post($"/v1/stock/{sku}/reservations", $$"""{"quantity":{{units}},"ttlSeconds":3600}""", ("Idempotency-Key", key));

    // A buyer who repeats with the same key, at another gateway when one does not answer.
    private static async Task<Answer> BuyAsync(ShopClient[] gateways, string sku, int buyer)
    {
        string last = "no answer at all";
        for (int attempt = 0; attempt < 300; attempt++)
        {
            try
            {
                Answer answer = await gateways[(buyer + attempt) % gateways.Length].Checkout(sku, idempotencyKey: $"{sku}-{buyer}");
                bool isRunning = answer.Type.EndsWith("request-in-progress", StringComparison.Ordinal);
                if (!isRunning && (answer.Code == 409 || (answer.Code == 201 && (string)answer["status"]! == "placed"))) return answer;
                last = $"{answer.Code} {answer.Text}";
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Nobody knows; the key finds out.
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"Buyer {buyer} never got a final answer, but {last}.");
    }
}

/// <summary>Needs PostgreSQL and the Online Retail file; reported as skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterImportFactAttribute : FactAttribute
{
    public ClusterImportFactAttribute() => Skip = PostgreSqlServer.SkipReason ?? RealFile.SkipReason;
}

/// <summary>Needs PostgreSQL; reported as skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterTheoryAttribute : TheoryAttribute
{
    public ClusterTheoryAttribute() => Skip = PostgreSqlServer.SkipReason;
}
