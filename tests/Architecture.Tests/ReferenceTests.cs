using System.Reflection;
using System.Xml.Linq;

namespace Shop.Architecture.Tests;

/// <summary>References point one way: Gateway → Silo → Grains → Grains.Interfaces.</summary>
public sealed class ReferenceTests
{
    private static readonly string Root = typeof(ReferenceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;

    [Theory]
    [InlineData("Grains.Interfaces", "")]
    [InlineData("Grains", "Grains.Interfaces")]
    [InlineData("Silo", "Grains,Silo.EventHubs")]
    [InlineData("Silo.EventHubs", "Grains")]
    [InlineData("Gateway", "Grains.Interfaces,Silo")]
    [InlineData("Runtime", "Runtime.Generators")]
    [InlineData("Runtime.Generators", "")]
    public void A_project_references_only_what_is_below_it(string project, string allowed)
    {
        XDocument file = XDocument.Load(Path.Combine(Root, project, project + ".csproj"));
        file.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!)).Order()
            .ShouldBe(allowed.Split(',', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Theory]
    [InlineData("Grains.Interfaces")]
    [InlineData("Grains")]
    public void The_domain_knows_no_database_and_no_web_server(string project)
    {
        string[] forbidden = ["Npgsql", "Microsoft.Data.Sqlite", "System.Data", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Builder"];
        Sources(project).SelectMany(Usings).Where(u => forbidden.Any(f => u.Namespace.StartsWith(f, StringComparison.Ordinal))).ShouldBeEmpty();
        XDocument file = XDocument.Load(Path.Combine(Root, project, project + ".csproj"));
        file.Descendants("PackageReference").ShouldBeEmpty();
    }

    [Fact]
    public void The_contract_references_nothing_of_the_shop() =>
        Assembly.Load("Shop.Grains.Interfaces").GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("Shop.", StringComparison.Ordinal))
            .ShouldBeSubsetOf(["Shop.Runtime"]);

    [Fact]
    public void No_grain_asks_which_engine_is_underneath() =>
        Sources("Grains").Concat(Sources("Grains.Interfaces")).Where(f => File.ReadLines(f).Any(l => l.TrimStart().StartsWith("#if", StringComparison.Ordinal))).ShouldBeEmpty();

    [Fact]
    public void Gateways_endpoints_know_grains_by_their_interfaces_only()
    {
        // Only the composition and the exceptions of the journal, which become 503, come from below the contract.
        string[] composition = ["ShopGateway.cs", "Program.cs", "ProblemMiddleware.cs"];
        Sources("Gateway").Where(f => !composition.Contains(Path.GetFileName(f)))
            .SelectMany(Usings).Where(u => u.Namespace.StartsWith("Shop.Journal", StringComparison.Ordinal) || u.Namespace.StartsWith("Orleans.", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public void What_knows_the_engine_is_in_one_folder() =>
        Sources("Silo").Where(f => !f.Contains($"{Path.DirectorySeparatorChar}Engine{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(Usings).Where(u => u.Namespace.StartsWith("Orleans.", StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void Time_is_injected_everywhere()
    {
        string[] forbidden = ["DateTime.Now", "DateTime.UtcNow", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Thread.Sleep"];
        foreach (string project in new[] { "Grains.Interfaces", "Grains", "Silo", "Gateway", "Runtime" })
            Sources(project).Where(f => forbidden.Any(File.ReadAllText(f).Contains)).ShouldBeEmpty();
    }

    private static IEnumerable<string> Sources(string project) =>
        Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static IEnumerable<(string File, string Namespace)> Usings(string file) =>
        File.ReadLines(file).Where(l => l.StartsWith("using ", StringComparison.Ordinal)).Select(l => (file, l["using ".Length..].TrimEnd(';')));
}
