using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>A request costs what its size costs, whatever its headers hold: here by what it allocates, since time is the machine's.</summary>
public sealed class HeaderCostTests
{
    private const int Size = 31 * 1024;

    public static TheoryData<string, string> Headers => new()
    {
        { "User-Agent", "eyJ. " },
        { "User-Agent", "eyJa.b " },
        { "User-Agent", "eyAiYWxnIjoiRVMyNTYiIH0.a " },
        { "X-Forwarded-For", "," },
        { "X-Forwarded-For", "10.0.0.1," },
        { "X-Forwarded-For", "x, " },
        { "Authorization", "Bearer " },
        { "Authorization", "a, " },
        { "Authorization", "Bearer eyJ.,eyJ. " },
        { "Connection", "a," },
        { "Content-Type", "application/json;a=b" },
        { "Cookie", "a=b;" },
        { "Origin", "https://a," },
        { "tracestate", "a=b," },
        { "baggage", "a=b," },
        { "Mcp-Name", "=?base64?" },
        { "Access-Control-Request-Headers", "Mcp-Param-a," },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task A_404_with_the_worst_headers_costs_at_most_three_times_what_a_plain_one_of_the_same_size_does(string name, string repeated)
    {
        await using var world = await World.StartAsync(options => options["TrustedProxies"] = new System.Text.Json.Nodes.JsonArray("127.0.0.0/8"));
        var entry = world.Gateway.Services.GetRequiredService<Entry>();
        var plain = new string('x', Size);
        var worst = string.Concat(Enumerable.Repeat(repeated, Size / repeated.Length));
        foreach (var warm in (string[])[plain, worst])
        {
            Cost(entry, name, warm);
        }

        var (much, little) = (Cost(entry, name, worst), Cost(entry, "X-Plain", plain));

        Assert.True(much <= 3 * little, $"{much} bytes instead of {little}");
    }

    private static long Cost(Entry entry, string name, string value)
    {
        var context = new DefaultHttpContext();
        context.Features.Get<IHttpRequestFeature>()!.RawTarget = "/nowhere";
        context.Request.Path = "/nowhere";
        context.Request.Method = "POST";
        context.Connection.RemoteIpAddress = System.Net.IPAddress.Loopback;
        context.Request.Headers[name] = value;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var running = entry.InvokeAsync(context, entry.NotFoundAsync);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(running.IsCompletedSuccessfully);
        Assert.Equal(404, context.Response.StatusCode);
        return allocated;
    }
}
