using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Gateway.Tests;

/// <summary>
/// A request is a chain of values, each made by one stage alone. What skips a stage does not compile, not even with the
/// access to internals that these tests have.
/// </summary>
public sealed class ChainTests
{
    private const string Usings = """
        using System.Net.Http.Headers;
        using System.Threading;
        using System.Threading.Tasks;
        using Gateway;
        using Gateway.Advertise;
        using Gateway.Authenticate;
        using Gateway.Authorize;
        using Gateway.Exchange;
        using Gateway.Forward;
        using Microsoft.AspNetCore.Http;
        using TokenExchange.Inbound;
        using TokenExchange.Outbound;

        """;

    private static readonly Lazy<MetadataReference[]> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))]);

    [Fact]
    public void The_path_itself_compiles() => Assert.Equal([], Errors("""
        static class Path
        {
            static async Task Go(HttpContext context, GatewayRequest request, McpServer server, HttpRequestHeaders headers)
            {
                if ((await Admitted.AuthenticateAsync(context, request, server)).Passes(out var admitted, out _)
                    && (await Authorized.AuthorizeAsync(context, request, admitted)).Passes(out var authorized, out _)
                    && (await Cleared.ObtainAsync(request, authorized, CancellationToken.None)).Passes(out var cleared, out _))
                {
                    request.Cleared = cleared;
                }
            }
        }
        """));

    [Theory]
    [InlineData("authorizing a token that nobody admitted", "CS1503", "Authorized.AuthorizeAsync(context, request, token)")]
    [InlineData("authorizing at a server without a token", "CS1503", "Authorized.AuthorizeAsync(context, request, server)")]
    [InlineData("exchanging what is not authorized", "CS1503", "Cleared.ObtainAsync(request, admitted, CancellationToken.None)")]
    [InlineData("exchanging a token by itself", "CS1503", "Cleared.ObtainAsync(request, token, CancellationToken.None)")]
    [InlineData("sending what is not cleared", "CS0029", "request.Cleared = authorized")]
    [InlineData("sending what is admitted only", "CS0029", "request.Cleared = admitted")]
    [InlineData("renewing before anything was cleared", "CS1061", "authorized.RenewAsync(request, CancellationToken.None)")]
    public void What_skips_a_stage_does_not_compile(string what, string error, string statement) => Assert.Equal([error], Errors($$"""
        static class Skips
        {
            static void Go(HttpContext context, GatewayRequest request, McpServer server, ValidatedToken token, Admitted admitted, Authorized authorized)
            {
                // {{what}}
                {{statement}};
            }
        }
        """));

    [Theory]
    [InlineData(typeof(global::Gateway.Authenticate.Admitted))]
    [InlineData(typeof(global::Gateway.Authorize.Authorized))]
    [InlineData(typeof(global::Gateway.Exchange.Cleared))]
    public void Nobody_but_its_stage_makes_a_value_of_the_chain(Type value)
    {
        Assert.True(value.IsSealed);
        Assert.All(value.GetConstructors(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public), constructor => Assert.True(constructor.IsPrivate));
    }

    private static IEnumerable<string> Errors(string code)
    {
        // The name of this project, whose tests see the gateway's internals.
        var compilation = CSharpCompilation.Create(
            "Gateway.Tests",
            [CSharpSyntaxTree.ParseText(Usings + code)],
            References.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        return compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.Id);
    }
}
