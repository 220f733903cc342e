using Gateway.Observe;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>What others wrote is cut, and told without the credentials of its request, at the same cost whatever it holds.</summary>
public sealed class ForeignTextTests
{
    private const string Opaque = "zR4k9QwL0pX7bTn2vYc8";

    /// <summary>Its header is <c>{ "alg":"ES256" }</c>.</summary>
    private const string Spaced = "eyAiYWxnIjoiRVMyNTYiIH0.eyAic3ViIjoiYWxpY2UiIH0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

    public static TheoryData<string, string> Worst => new()
    {
        { "what begins like tokens", "eyJ. " },
        { "tokens", "eyJa.b " },
        { "one run that never ends", "eyJ" },
        { "the credential's first characters", Opaque[..19] },
        { "the credential itself", Opaque },
        { "one character", "z" },
        { "points", "." },
        { "characters of two units", "\U0001F600" },
    };

    [Theory]
    [MemberData(nameof(Worst))]
    public void Four_megabytes_cost_what_a_line_costs(string what, string repeated)
    {
        _ = what;
        var text = string.Concat(Enumerable.Repeat(repeated, 4 * 1024 * 1024 / repeated.Length));
        var context = Presenting(Opaque);
        Tell(text, context);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var told = Tell(text, context);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(told!.Length <= ForeignText.MaxLength);
        Assert.InRange(allocated, 0, 16 * 1024);
    }

    [Theory]
    [InlineData(Opaque)]
    [InlineData(Spaced)]
    [InlineData("short1")]
    [InlineData("with/slashes+and=signs~AAAAAAAAAAAAAAAA")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")]
    public void The_presented_token_is_cut_out_whatever_its_shape(string token)
    {
        Assert.Equal("[redacted]", Tell(token, Presenting(token)));
        Assert.Equal("before [redacted] after", Tell($"before {token} after", Presenting(token)));
        Assert.Equal("x[redacted]y[redacted]", Tell($"x{token}y{token}", Presenting(token)));
    }

    [Theory]
    [InlineData(Opaque)]
    [InlineData(Spaced)]
    public void No_part_of_it_is_left_where_the_text_was_cut(string token)
    {
        for (var before = ForeignText.MaxLength - token.Length - 1; before <= ForeignText.MaxLength; before++)
        {
            var told = Tell(new string('-', before) + token, Presenting(token))!;

            Assert.True(told.Length <= ForeignText.MaxLength);
            Assert.DoesNotContain(token[..3], told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_copy_that_lost_its_beginning_or_its_end_is_cut_out_as_well()
    {
        Assert.Equal("a [redacted] b", Tell($"a {Spaced[..40]} b", Presenting(Spaced)));
        Assert.Equal("a [redacted] b", Tell($"a {Spaced[^20..]} b", Presenting(Spaced)));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("DPoP")]
    [InlineData("Basic")]
    [InlineData("")]
    public void Every_credential_counts_also_one_that_is_refused_unread(string scheme)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = new([$"{scheme} {Opaque}".Trim(), $"Bearer second-credential-1, Bearer third-credential-1"]);
        context.Request.QueryString = new QueryString("?x=1&Access_Token=fourth%2Dcredential");

        Assert.Equal("[redacted] [redacted] [redacted] [redacted]", Tell($"{Opaque} second-credential-1 third-credential-1 fourth-credential", context));
    }

    [Theory]
    [InlineData("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "[redacted]")]
    [InlineData("tool-eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "tool-[redacted]")]
    [InlineData(Spaced, "[redacted]")]
    [InlineData("ewogICJhbGciOiAiRVMyNTYiCn0.ewogICJzdWIiOiAiYSIKfQ.c2ln", "[redacted]")]
    [InlineData("eyJust a name.", "eyJust a name.")]
    [InlineData("view0.1 new.er key.er", "view0.1 new.er key.er")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36")]
    public void What_looks_like_a_token_of_somebody_else_is_cut_out_and_nothing_else(string text, string told) =>
        Assert.Equal(told, Tell(text, Presenting(Opaque)));

    [Fact]
    public void A_clean_text_costs_nothing()
    {
        var context = Presenting(Spaced);
        var text = "modelcontextprotocol-sdk/1.32.2 (node)";
        Assert.Same(text, Tell(text, context));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Tell(text, context);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void It_is_never_printed_by_accident()
    {
        ForeignText text = Opaque;

        Assert.DoesNotContain(Opaque, $"{text}", StringComparison.Ordinal);
    }

    private static string? Tell(ForeignText text, HttpContext context) => text.Without(Credentials.Of(context, request: null));

    private static DefaultHttpContext Presenting(string token)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = "Bearer " + token;
        return context;
    }
}
