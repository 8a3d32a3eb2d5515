using System.CommandLine;
using Shop.Load;
using Shop.Load.Reports;
using Shop.Load.Scenarios;
using Shop.Load.Targets;
using Shop.Testing;

var scenario = new Argument<string>("scenario") { Description = "reserve, flash-sale, checkout, browse, replay, soak; overload for three times what it can carry; waiting-room for a queue of --buyers drained at --rate (500) a second; start for a cold start; carts for what --buyers carts cost that lie there; runtime for what calls and activations cost; trace for one checkout as a tree; or table for the figures of the design in one go." };
var target = new Option<string>("--target") { Description = "The address of a gateway; gateway, a shop in a process of its own; in-process, a shop in this process without HTTP; plain, a minimal endpoint over SQL.", DefaultValueFactory = _ => "gateway" };
var key = new Option<string>("--key") { Description = "The secret key of the gateway at that address.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("Shop__SecretKey") ?? "" };
var database = new Option<string?>("--database") { Description = "The connection string of the database for a shop that is started here; a private PostgreSQL server by default." };
var postgres = new Option<string[]>("--postgres") { Description = "A setting of the private PostgreSQL server beside its defaults, such as max_wal_size=8GB; may be given again." };
var tuned = new Option<bool>("--tuned") { Description = "The private PostgreSQL server is set up for a busy shop (docs/operations.md), its log written through once and, as root, with huge pages set aside for it, instead of new and with its defaults." };
var callers = new Option<int?>("--callers") { Description = "A closed loop of so many callers." };
var rate = new Option<double?>("--rate") { Description = "An open loop of so many requests a second; latencies count from when a request was due." };
var warmUp = new Option<int>("--warm-up") { Description = "Seconds that are not measured.", DefaultValueFactory = _ => 5 };
var duration = new Option<int>("--duration") { Description = "Seconds that are measured.", DefaultValueFactory = _ => 20 };
var skus = new Option<int>("--skus") { Description = "How many SKUs checkout and browse have.", DefaultValueFactory = _ => 10_000 };
var lines = new Option<int>("--lines") { Description = "Lines of each checkout.", DefaultValueFactory = _ => 3 };
var uniform = new Option<bool>("--uniform") { Description = "Every SKU as often as any other, instead of some much more often (Zipf)." };
var units = new Option<int>("--units") { Description = "Units of a flash sale.", DefaultValueFactory = _ => 1_000 };
var buyers = new Option<int>("--buyers") { Description = "Buyers of a flash sale, all in one second unless --rate says otherwise.", DefaultValueFactory = _ => 5_000 };
var file = new Option<string?>("--file") { Description = "The Online Retail file for replay." };
var speedUp = new Option<double>("--speed-up") { Description = "How much faster than it was.", DefaultValueFactory = _ => 10_000 };
var html = new Option<string?>("--report") { Description = "Writes a page with plots to this file." };
var json = new Option<string?>("--json") { Description = "Writes the figures to this file." };
var peers = new Option<bool>("--peers") { Description = "Measures the peers too (peers.sh) and says every figure as a ratio." };
var peersScript = new Option<string?>("--peers-script") { Description = "Where peers.sh is, if not beside the repository." };

// What a scenario would pass over in silence is refused.
Option[] place = [target, key, database, postgres, tuned], run = [.. place, callers, rate, warmUp, duration, html, json, peers, peersScript];
var takes = new Dictionary<string, Option[]>
{
    ["reserve"] = run,
    ["flash-sale"] = [.. run, units, buyers],
    ["checkout"] = [.. run, skus, lines, uniform],
    ["browse"] = [.. run, skus],
    ["replay"] = [.. run, file, speedUp],
    ["soak"] = [.. run, skus],
    ["overload"] = [.. place, skus, warmUp, duration],
    ["waiting-room"] = [.. place, buyers, rate],
    ["start"] = [skus],
    ["carts"] = [buyers],
    ["runtime"] = [duration],
    ["trace"] = [],
    ["table"] = [warmUp, duration, peersScript],
};
scenario.AcceptOnlyFromAmong([.. takes.Keys]);

var root = new RootCommand("Load tests of a shop. Afterwards the shop is read: sold equals stock taken, every unit is accounted for. Exits with 1 when it is not.")
{
    scenario, target, key, database, postgres, tuned, callers, rate, warmUp, duration, skus, lines, uniform, units, buyers, file, speedUp, html, json, peers, peersScript,
};
root.SetAction(async (parsed, cancellation) =>
{
    string name = parsed.GetValue(scenario)!;
    if (takes.Values.SelectMany(o => o).Except(takes[name]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } odd)
        return Fail($"{name} takes no {odd.Name}; it takes {(takes[name] is [] ? "no options" : string.Join(", ", takes[name].Select(o => o.Name)))}.");
    string? script = parsed.GetValue(peersScript) ?? Peers.Find();
    if (parsed.GetValue(peers) && script is null) return Fail("peers.sh is not beside the repository; name it with --peers-script.");
    if (new[] { parsed.GetValue(skus), parsed.GetValue(units), parsed.GetValue(buyers), parsed.GetValue(duration), parsed.GetValue(lines), parsed.GetValue(callers) ?? 1 }.Min() < 1
        || parsed.GetValue(warmUp) < 0 || parsed.GetValue(speedUp) <= 0 || parsed.GetValue(rate) <= 0) return Fail("Numbers, rates and times are positive; only the warm-up may be 0.");
    if (name == "runtime") return await RuntimeFigures.RunAsync(parsed.GetValue(duration));
    if (name == "trace") return await CheckoutTrace.RunAsync();
    if (name == "carts") return await IdleCarts.RunAsync(parsed.GetValue(buyers));
    if (name == "start") return await ColdStart.RunAsync(parsed.GetValue(skus));
    if (name == "table") return await FigureTable.RunAsync(parsed.GetValue(duration), parsed.GetValue(warmUp), script);
    if (name == "replay" && (parsed.GetValue(file) ?? RealFile.Path) is null) return Fail("Say with --file where the Online Retail file is.");
    var options = new LoadOptions
    {
        Callers = parsed.GetValue(callers),
        Rate = parsed.GetValue(rate),
        WarmUp = TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(duration)),
    };
    IScenario load = name switch
    {
        "reserve" => new ReserveScenario(),
        "flash-sale" => new FlashSaleScenario(parsed.GetValue(units), parsed.GetValue(buyers)),
        "checkout" => new CheckoutScenario(parsed.GetValue(skus), !parsed.GetValue(uniform), parsed.GetValue(lines)),
        "browse" => new BrowseScenario(parsed.GetValue(skus)),
        "replay" => new ReplayScenario((parsed.GetValue(file) ?? RealFile.Path)!, parsed.GetValue(speedUp)),
        _ => new SoakScenario(parsed.GetValue(skus)),
    };
    try
    {
        await using TargetPlace opened = await TargetPlace.OpenAsync(parsed.GetValue(target)!, parsed.GetValue(key)!, parsed.GetValue(database), parsed.GetValue(postgres) ?? [], parsed.GetValue(tuned));
        if (name == "overload") return await new OverloadRun(opened.Target, parsed.GetValue(skus), options.WarmUp, options.Duration).RunAsync(cancellation);
        if (name == "waiting-room")
        {
            if (opened.Target is not HttpTarget http) return Fail("Tickets are of the gateway: --target is an address or gateway.");
            using var crowd = new WaitingRoomRun(http, parsed.GetValue(buyers), parsed.GetValue(rate) ?? 500);
            return await crowd.RunAsync(cancellation);
        }

        LoadResult result = await LoadRun.RunAsync(name, load, opened.Target, options, cancellation);
        Summary.Print(result);
        if (parsed.GetValue(html) is { } page) await File.WriteAllTextAsync(page, HtmlReport.Make(result), CancellationToken.None);
        if (parsed.GetValue(json) is { } figures) await File.WriteAllTextAsync(figures, Summary.Json(result), CancellationToken.None);
        if (parsed.GetValue(peers))
        {
            foreach ((string peer, double perSecond) in await Peers.MeasureAsync(script!, 5))
                Console.WriteLine($"{result.Recorder.Rate(Outcome.Done) / perSecond,8:F2} × {peer} ({perSecond:N0} a second)");
        }

        return result.IsRight ? 0 : 1;
    }
    catch (Exception e) when (e is ArgumentException or IOException or HttpRequestException or InvalidOperationException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
    {
        return Fail(e.Message);
    }
});
return await root.Parse(args).InvokeAsync();

static int Fail(string reason)
{
    Console.Error.WriteLine(reason);
    return 2;
}
