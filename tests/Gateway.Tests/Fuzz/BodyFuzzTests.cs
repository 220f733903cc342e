using System.Text;
using System.Text.Json;
using Gateway.Authorize;
using Harness;
using Xunit;

namespace Gateway.Tests.Fuzz;

/// <summary>What the rules judge is what every server carries out, however its JSON library reads; everything else is refused.</summary>
public sealed class BodyFuzzTests
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = OperationReader.MaxDepth };

    [Theory]
    [InlineData(7159)]
    [InlineData(8259)]
    public void What_is_judged_is_what_every_server_reads(int seed)
    {
        var random = new Random(seed);
        var generator = new MessageGenerator(random);
        var (plain, twisted, refusals) = (0, 0, new HashSet<string>());
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var body = generator.Next();
            var operation = OperationReader.Read(body, out var refusal, out var id);
            Assert.True(operation is null ^ refusal is null);
            if (operation is null)
            {
                Assert.False(generator.IsPlain, $"{refusal!.Description} {Encoding.UTF8.GetString(body)}");
                refusals.Add(refusal!.Description);
                continue;
            }

            _ = generator.IsPlain ? plain++ : twisted++;
            using var document = JsonDocument.Parse(body, Deep);
            var judged = Judged(operation);
            foreach (var reader in LaxReader.All)
            {
                var carriedOut = reader.Read(document.RootElement);
                Assert.True(judged == carriedOut, $"{reader.Of} ({(reader.LastCounts ? "last" : "first")}): {carriedOut}, judged as {judged}: {Encoding.UTF8.GetString(body)}");
            }

            if (operation.Kind == MessageKind.Request)
            {
                Assert.Equal(document.RootElement.GetProperty("id").GetRawText(), Encoding.UTF8.GetString(body[id]));
            }
        }

        // It reaches what is taken with a twist that means nothing, and every kind of refusal of a twist.
        Assert.InRange(plain, Fuzzing.Inputs / 2, Fuzzing.Inputs);
        Assert.InRange(twisted, 1_000, Fuzzing.Inputs);
        Assert.Superset(new HashSet<string> { Refused("Duplicate"), Refused("Misspelt"), Refused("Nul"), Refused("NameType"), Refused("Reference"), Refused("Subscriptions"), Refused("NotJson") }, refusals);
    }

    [Theory]
    [InlineData("{\"jsonrpc\":")]
    [InlineData("[")]
    [InlineData("{\"a\":1,")]
    [InlineData("\"\\u0000\",")]
    [InlineData("\\")]
    [InlineData(" ")]
    [InlineData("1")]
    public void Reading_costs_in_proportion_to_the_body(string piece) =>
        Fuzzing.AssertLinear(piece, text => OperationReader.Read(Encoding.UTF8.GetBytes(text), out _, out _));

    [Fact]
    public void A_message_of_a_hundred_thousand_members_is_refused_at_a_cost_in_proportion_to_it()
    {
        var next = 0;
        var members = string.Join(',', Enumerable.Range(0, 100_000).Select(_ => $"\"m{next++}\":0"));
        var body = Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",""" + members + "}}");
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Null(OperationReader.Read(body, out var refusal, out _));
        Assert.Same(Advertise.BodyRefusal.TooManyMembers, refusal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40L * body.Length);
    }

    private static string Judged(Operation operation)
    {
        if (operation.Kind == MessageKind.Response)
        {
            return "an answer";
        }

        // A completion is compared by both ways to read its reference.
        var name = operation.Method switch
        {
            "subscriptions/listen" => operation.Subscriptions.IsEmpty ? operation.Name : string.Join(' ', operation.Subscriptions.Select(one => one.Name)),
            "completion/complete" => operation.Name + operation.Name,
            _ => operation.Name,
        };
        return $"{(operation.Kind == MessageKind.Request ? "request" : "notification")} {operation.Method} {name} {operation.ProtocolVersion}";
    }

    private static string Refused(string name) => ((Advertise.Refusal)typeof(Advertise.BodyRefusal).GetField(name)!.GetValue(null)!).Description;
}
