using TokenExchange.Inbound;
using Xunit;

namespace TokenExchange.Tests;

/// <summary>Scopes are compared one by one, and a text that is none does not get among them.</summary>
public sealed class ScopeSetTests
{
    [Theory]
    [InlineData("tools:call tools:read")]
    [InlineData(" ")]
    [InlineData("a\tb")]
    [InlineData("a\u00a0b")]
    [InlineData("a\"b")]
    [InlineData("a\\b")]
    [InlineData("\u007f")]
    [InlineData("é")]
    public void What_is_no_scope_token_is_in_no_set(string text)
    {
        Assert.False(ScopeSet.IsToken(text));
        var refused = Assert.Throws<ArgumentException>(() => ScopeSet.Of("good", text));
        Assert.Equal("scopes", refused.ParamName);
        Assert.Contains("RFC 6749", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_printable_ascii_character_but_three_may_stand_in_a_scope()
    {
        for (var c = (char)0; c < 0x100; c++)
        {
            Assert.Equal(c is > ' ' and < (char)0x7f and not ('"' or '\\'), ScopeSet.IsToken([c]));
        }
    }

    [Theory]
    [InlineData("a b", "b c", "b", "a b c", "a")]
    [InlineData("a b", "", "", "a b", "a b")]
    [InlineData("", "a b", "", "a b", "")]
    [InlineData("a", "a b", "a", "a b", "")]
    [InlineData("a", "A", "", "A a", "a")]
    public void Sets_are_cut_joined_and_taken_from_each_other(string one, string other, string both, string either, string rest)
    {
        var (left, right) = (ScopeSet.Parse(one), ScopeSet.Parse(other));

        Assert.Equal(ScopeSet.Parse(both), left.Intersect(right));
        Assert.Equal(ScopeSet.Parse(either), left.Union(right));
        Assert.Equal(ScopeSet.Parse(rest), left.Except(right));
        Assert.Equal(rest.Length == 0, left.IsSubsetOf(right));
    }

    [Fact]
    public void An_empty_text_is_no_scope_and_no_fault() => Assert.Equal(ScopeSet.Of("a"), ScopeSet.Of("", "a", ""));

    [Fact]
    public void Sets_are_equal_when_their_scopes_are()
    {
        Assert.Equal(ScopeSet.Of("b", "a", "a"), ScopeSet.Parse("a  b"));
        Assert.NotEqual(ScopeSet.Of("ab"), ScopeSet.Parse("a b"));
        Assert.Equal(ScopeSet.Empty, ScopeSet.Parse(""));
        Assert.False(ScopeSet.TryParse("a\nb", out _));
    }

    [Fact]
    public void A_set_equals_neither_null_nor_its_own_text()
    {
        Assert.False(ScopeSet.Of("a").Equals(null));
        Assert.False(ScopeSet.Empty.Equals(null));
        Assert.False(ScopeSet.Of("a").Equals((object)"a"));
    }

    /// <summary>These run for every request.</summary>
    [Fact]
    public void What_adds_or_takes_nothing_makes_no_other_set()
    {
        var set = ScopeSet.Of("a", "b");

        Assert.Same(set, set.Union(ScopeSet.Of("b")));
        Assert.Same(set, set.Intersect(ScopeSet.Of("a", "b", "c")));
        Assert.Same(ScopeSet.Empty, ScopeSet.Parse(" "));
        Assert.Same(ScopeSet.Empty, ScopeSet.Of());
        Assert.Same(ScopeSet.Empty, set.Intersect(ScopeSet.Of("c")));
    }

    [Fact]
    public void Null_in_place_of_scopes_is_named_as_the_fault()
    {
        Assert.Equal("scopes", Assert.Throws<ArgumentNullException>(() => ScopeSet.Of(null!)).ParamName);
        Assert.Equal("value", Assert.Throws<ArgumentNullException>(() => ScopeSet.TryParse(null!, out _)).ParamName);
        foreach (var use in (Action[])[() => ScopeSet.Empty.IsSubsetOf(null!), () => ScopeSet.Empty.Union(null!), () => ScopeSet.Empty.Intersect(null!), () => ScopeSet.Empty.Except(null!)])
        {
            Assert.Equal("other", Assert.Throws<ArgumentNullException>(use).ParamName);
        }
    }
}
