using System.Text;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Connections;
using Gateway.Forward;
using Harness;
using TokenExchange.Inbound;
using Xunit;

namespace Gateway.Tests.Fuzz;

/// <summary>
/// Event streams that are read and rewritten as they come, whatever pieces they come in: a client finds the events that the
/// server sent, but for what was to be replaced, and no client, however it reads, finds an endpoint of the server's own spelling.
/// </summary>
public sealed class EventStreamFuzzTests
{
    private const string Told = "/told", Dead = "/dead";

    private static readonly string[] Fields =
    [
        "event: endpoint", "event: endpoint", "event:endpoint", "event: message", "event", "event:", "event: endpoint2", "data: /x?s=1", "data: /x?s=1", "data:/y", "data", "data: {\"a\":1}", "data: a: b", "id: 1", "retry: 5",
        ": comment", ":", "datas: x", "xdata: y", "event: ", "data:  two", "plain",
    ];

    private static readonly string[] Ends = ["\n", "\n", "\r\n", "\r", "\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n\r"];

    /// <summary>What ends a line to some, is cut off by some, or is neither.</summary>
    private static readonly string[] Oddities = ["\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\x1e", "\uFEFF", " ", "  ", "\t", "\u00A0", "\u3000", "\0", "é", "event: endpoint", "data: http://evil.example/", "Event: endpoint", " data : http://evil.example/"];

    private static BodyHold Unbounded => new BodyBudget(new HeldBodies(), long.MaxValue).For(new Principal("issuer", "alice"));

    [Theory]
    [InlineData(2024)]
    public async Task Events_come_out_as_they_went_in_and_endpoints_as_they_are_told(int seed)
    {
        var random = new Random(seed);
        var (told, ended) = (0, 0);
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var stream = Stream(random, oddities: false);
            var output = await RewriteAsync(stream, new EventRewrite(Tell, null), random);

            var expected = Expected(ReferenceEvents.Standard.Read(stream)).ToList();
            var read = ReferenceEvents.Standard.Read(output).Select(one => (one.Type, one.Data));
            Assert.True(expected.SequenceEqual(read), $"{Show(stream)}\n{Show(output)}");
            told += expected.Count(one => one.Data.StartsWith(Told, StringComparison.Ordinal));
            ended += expected.Count(one => one.Data == Dead);
        }

        Assert.InRange(told, 1_000, int.MaxValue);
        Assert.InRange(ended, 1_000, int.MaxValue);
    }

    [Theory]
    [InlineData(2025)]
    public async Task No_client_finds_an_endpoint_that_was_not_told_it(int seed)
    {
        var random = new Random(seed);
        var found = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var stream = Stream(random, oddities: true);
            var output = await RewriteAsync(stream, new EventRewrite(Tell, null), random);
            foreach (var client in ReferenceEvents.All)
            {
                foreach (var (_, data, _) in client.Read(output).Where(one => one.NamesEndpoint))
                {
                    found++;
                    Assert.True(data.StartsWith(Told, StringComparison.Ordinal) || data == Dead || data.Length == 0, $"{client} reads {data}: {Show(stream)}\n{Show(output)}");
                }
            }
        }

        Assert.InRange(found, 10_000, int.MaxValue);
    }

    /// <summary>Of an event that is too large to be held only the end of what came is looked at once more.</summary>
    [Theory]
    [InlineData("event:{0}endpoint")]
    [InlineData("{0}event: endpoint")]
    [InlineData("event{0}: endpoint")]
    [InlineData("Event{0}:{0}endpoint{0}")]
    public async Task No_client_finds_an_endpoint_in_an_event_that_passes_in_pieces(string line)
    {
        for (var blanks = 0; blanks < 64; blanks++)
        {
            var before = Encoding.UTF8.GetBytes($"data: {new string('x', 20_000)}\n");
            var after = Encoding.UTF8.GetBytes(string.Format(System.Globalization.CultureInfo.InvariantCulture, line, new string(' ', blanks)) + "\ndata: http://evil.example/\n\n");
            var held = new HeldEvents();
            Assert.True(held.TryTake("server", (int)HeldEvents.Share));
            await using var source = new Pieces([.. before, .. after], new Random(1), before.Length, thenOneByOne: true);
            await using var events = new EventStream(source, new EventRewrite(Tell, null), new HeldShare(held, "server"), Unbounded);
            var output = new MemoryStream();
            await events.CopyToAsync(output, TestContext.Current.CancellationToken);

            foreach (var client in ReferenceEvents.All)
            {
                Assert.DoesNotContain(client.Read(output.ToArray()), one => one.NamesEndpoint);
            }
        }
    }

    [Theory]
    [InlineData(2026)]
    public async Task A_stream_in_which_nothing_is_to_be_replaced_comes_out_byte_for_byte(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var stream = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Stream(random, oddities: true)).Replace("endpoint", "message", StringComparison.Ordinal));
            Assert.Equal(stream, await RewriteAsync(stream, new EventRewrite(i % 2 == 0 ? Tell : null, null), random));
        }
    }

    [Theory]
    [InlineData(2027)]
    public async Task A_hidden_tool_is_in_no_event_and_every_other_stays(int seed)
    {
        var random = new Random(seed);
        var rules = new OperationRules([new OperationRule(new Pattern("tools/call"), new Pattern("hidden*"), ScopeSet.Empty, Deny: true)], ScopeSet.Empty, denyOthers: false);
        var shown = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var stream = new StringBuilder();
            for (var events = random.Next(1, 4); events > 0; events--)
            {
                var tools = string.Join(random.One(",", " , "), Enumerable.Range(0, random.Next(5)).Select(_ => random.One("""{"name":"shown"}""", """{"name":"hidden1"}""", """{"title":"t","name":"h\u0069dden2"}""", """{"name":"shown2","inputSchema":{"name":"hidden"}}""")));
                var message = $$$"""{"jsonrpc":"2.0","id":1,{{{random.One("", "\n")}}}"result":{"tools":[{{{tools}}}]}}""";
                var end = random.One("\n", "\r\n", "\r");
                stream.Append(random.One("", "event: message" + end, "id: 4" + end, ": note" + end)).Append("data: ").Append(message.Replace("\n", end + "data: ", StringComparison.Ordinal)).Append(end).Append(end);
            }

            var input = Encoding.UTF8.GetBytes(stream.ToString());
            var output = await RewriteAsync(input, new EventRewrite(null, () => new ListFilters(new ToolListFilter(rules, ScopeSet.Empty), null)), random);
            var (before, after) = (ToolsOf(input), ToolsOf(output));
            Assert.True(before.Where(tool => !tool.StartsWith("hidden", StringComparison.Ordinal)).SequenceEqual(after), $"{Show(input)}\n{Show(output)}");
            shown += after.Count;
        }

        Assert.InRange(shown, Fuzzing.Inputs, int.MaxValue);
    }

    [Theory]
    [InlineData("data: x\n")]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("event: endpoint\u2028")]
    [InlineData("event:")]
    [InlineData(": c\n")]
    [InlineData("data: /x\n\n")]
    public void Rewriting_costs_in_proportion_to_the_stream(string piece) => Fuzzing.AssertLinear(
        piece, text => RewriteAsync(Encoding.UTF8.GetBytes(text), new EventRewrite(announced => (Told + announced?.Length, true), null), new Random(1), chunk: 64 * 1024).GetAwaiter().GetResult(), perCharacter: 250);

    private static (string, bool) Tell(string? announced) => announced?.StartsWith('/') == true ? (Told + announced, true) : (Dead, false);

    /// <summary>An event of which another line than the last makes an endpoint event is none that may pass.</summary>
    private static IEnumerable<(string Type, string Data)> Expected(IEnumerable<(string Type, string Data, bool NamesEndpoint)> sent)
    {
        foreach (var one in sent)
        {
            var (data, goesOn) = one.NamesEndpoint ? Tell(one.Type == "endpoint" ? one.Data : null) : (one.Data, true);
            yield return (one.NamesEndpoint ? "endpoint" : one.Type, data);
            if (!goesOn)
            {
                yield break;
            }
        }
    }

    private static List<string> ToolsOf(byte[] stream) =>
    [
        .. ReferenceEvents.Standard.Read(stream).SelectMany(one => System.Text.Json.Nodes.JsonNode.Parse(one.Data)!["result"]!["tools"]!.AsArray()).Select(tool => tool!["name"]!.GetValue<string>()),
    ];

    private static byte[] Stream(Random random, bool oddities)
    {
        var text = new StringBuilder(random.Once(10) ? "\uFEFF" : "");
        for (var lines = random.Next(1, 9); lines > 0; lines--)
        {
            var line = random.One(Fields);
            if (oddities && random.Once(3))
            {
                line = line.Insert(random.Once(3) ? random.Next(line.Length + 1) : random.One(0, line.Length, Math.Min(6, line.Length), Math.Min(5, line.Length)), random.One(Oddities));
            }

            text.Append(line).Append(random.One(oddities && random.Once(6) ? Oddities : Ends));
        }

        return Encoding.UTF8.GetBytes(text.Append(oddities ? random.One("", "\n", "\n\n") : "\n\n").ToString());
    }

    private static async Task<byte[]> RewriteAsync(byte[] stream, EventRewrite rewrite, Random random, int chunk = 40)
    {
        await using var source = new Pieces(stream, random, chunk);
        await using var events = new EventStream(source, rewrite, new HeldShare(new HeldEvents(), "server"), Unbounded);
        var output = new MemoryStream();
        var buffer = new byte[chunk];
        while (await events.ReadAsync(buffer.AsMemory(0, random.Next(1, chunk + 1)), TestContext.Current.CancellationToken) is > 0 and var read)
        {
            output.Write(buffer, 0, read);
        }

        return output.ToArray();
    }

    private static string Show(byte[] stream) => System.Text.Json.JsonEncodedText.Encode(stream).ToString();

    /// <summary>Gives its bytes in pieces of any size.</summary>
    private sealed class Pieces(byte[] bytes, Random random, int most, bool thenOneByOne = false) : ReadOnlyStream
    {
        private int at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(Math.Min(buffer.Length, thenOneByOne ? at < most ? most - at : 1 : random.Next(1, most + 1)), bytes.Length - at);
            bytes.AsMemory(at, count).CopyTo(buffer);
            at += count;
            return new(count);
        }
    }
}
