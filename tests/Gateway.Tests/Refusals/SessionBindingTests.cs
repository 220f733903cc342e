using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Sessions;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>A session is its principal's, at its server and destination, unchanged; anybody else's attempt is nobody's session.</summary>
public sealed class SessionBindingTests : IAsyncLifetime
{
    private const string Server = "https://mcp.example/weather";
    private static readonly BoundSession Session = new("inner-session.with.dots", "0a1b2c3d4e5f");
    private readonly SessionBinding binding = new([RandomNumberGenerator.GetBytes(32)]);
    private readonly List<IAsyncDisposable> issuers = [];
    private ValidatedToken alice = null!;

    public async ValueTask InitializeAsync() => alice = await PrincipalAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var issuer in issuers)
        {
            await issuer.DisposeAsync();
        }
    }

    [Fact]
    public void Its_principal_gets_the_inner_session_back()
    {
        Assert.True(binding.TryUnwrap(binding.Wrap(Session, Server, alice), Server, alice, out var opened));
        Assert.Equal(Session, opened);
    }

    [Fact]
    public async Task A_refreshed_token_of_the_same_principal_keeps_the_session()
    {
        var wrapped = binding.Wrap(Session, Server, alice);
        var refreshed = await PrincipalAsync(payload => payload["jti"] = "token-2", issuer: alice.Issuer);

        Assert.True(binding.TryUnwrap(wrapped, Server, refreshed, out _));
    }

    [Theory]
    [InlineData("sub", "bob")]
    [InlineData("sub", "Alice")]
    [InlineData("client_id", "other-agent")]
    [InlineData("client_id", null)]
    public async Task Another_principal_of_the_same_issuer_is_refused(string claim, string? value)
    {
        var wrapped = binding.Wrap(Session, Server, alice);
        var other = await PrincipalAsync(
            payload =>
            {
                payload.Remove(claim);
                if (value is not null)
                {
                    payload[claim] = value;
                }
            },
            issuer: alice.Issuer);

        Assert.False(binding.TryUnwrap(wrapped, Server, other, out var session));
        Assert.Equal(default, session);
    }

    [Fact]
    public async Task The_same_subject_of_another_issuer_is_refused()
    {
        var other = await PrincipalAsync();

        Assert.NotEqual(alice.Issuer, other.Issuer);
        Assert.False(binding.TryUnwrap(binding.Wrap(Session, Server, alice), Server, other, out _));
    }

    [Fact]
    public void Another_server_is_refused() =>
        Assert.False(binding.TryUnwrap(binding.Wrap(Session, Server, alice), "https://mcp.example/notes", alice, out _));

    [Fact]
    public void Another_destination_is_refused()
    {
        var parts = binding.Wrap(Session, Server, alice).Split('.', 3);

        Assert.False(binding.TryUnwrap($"{parts[0]}.ffffffffffff.{parts[2]}", Server, alice, out _));
    }

    [Fact]
    public void A_character_moved_between_destination_and_id_is_refused()
    {
        var wrapped = binding.Wrap(Session, Server, alice);
        var parts = wrapped.Split('.', 3);

        Assert.False(binding.TryUnwrap($"{parts[0]}.{parts[1][..^1]}.{parts[1][^1]}{parts[2]}", Server, alice, out _));
        Assert.False(binding.TryUnwrap($"{parts[0]}.{parts[1]}.inner-session.{parts[2]["inner-session.".Length..]}x", Server, alice, out _));
    }

    [Fact]
    public void Every_changed_bit_is_refused()
    {
        var wrapped = binding.Wrap(Session, Server, alice);
        for (var at = 0; at < wrapped.Length; at++)
        {
            for (var bit = 0; bit < 7; bit++)
            {
                var changed = wrapped.ToCharArray();
                changed[at] ^= (char)(1 << bit);
                Assert.False(binding.TryUnwrap(new string(changed), Server, alice, out _), $"{at}/{bit}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("inner-session.with.dots")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA..")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.0a1b2c3d4e5f.inner-session.with.dots")]
    [InlineData("===========================================.0a1b2c3d4e5f.x")]
    [InlineData("                                           .0a1b2c3d4e5f.x")]
    public void What_was_never_issued_is_refused(string presented) => Assert.False(binding.TryUnwrap(presented, Server, alice, out _));

    [Fact]
    public void Truncated_and_oversize_ids_are_refused()
    {
        var wrapped = binding.Wrap(Session, Server, alice);
        for (var length = 0; length < wrapped.Length; length++)
        {
            Assert.False(binding.TryUnwrap(wrapped[..length], Server, alice, out _));
        }

        Assert.False(binding.TryUnwrap(wrapped + new string('x', 4096), Server, alice, out _));
    }

    [Fact]
    public void A_rotated_key_still_verifies_until_it_is_removed()
    {
        byte[] old = RandomNumberGenerator.GetBytes(32), young = RandomNumberGenerator.GetBytes(32);
        var wrapped = new SessionBinding([old]).Wrap(Session, Server, alice);
        var both = new SessionBinding([young, old]);

        Assert.True(both.TryUnwrap(wrapped, Server, alice, out _));
        Assert.True(new SessionBinding([young]).TryUnwrap(both.Wrap(Session, Server, alice), Server, alice, out _));
        Assert.False(new SessionBinding([young]).TryUnwrap(wrapped, Server, alice, out _));
    }

    [Fact]
    public void Another_process_without_a_shared_key_refuses() =>
        Assert.False(new SessionBinding([RandomNumberGenerator.GetBytes(32)]).TryUnwrap(binding.Wrap(Session, Server, alice), Server, alice, out _));

    /// <summary>A token that passed the real validator; of a new issuer, unless one is named that was made before.</summary>
    private async Task<ValidatedToken> PrincipalAsync(Action<JsonObject>? change = null, string? issuer = null)
    {
        var source = issuers.OfType<TestAuthorizationServer>().FirstOrDefault(known => known.Issuer == issuer);
        if (source is null)
        {
            source = new TestAuthorizationServer("", TestKeys.Es256);
            issuers.Add(source);
        }

        var clock = new ManualClock();
        using var server = new AuthorizationServer(new AuthorizationServerSettings { Name = "corp", Issuer = source.Issuer }, clock, NullLoggerFactory.Instance);
        var trusted = new TrustedIssuer
        {
            Server = server,
            Algorithms = ["ES256"],
            TokenTypes = ["at+jwt"],
            ClockSkew = TimeSpan.FromSeconds(30),
            MaxTokenLifetime = TimeSpan.FromDays(1),
            CompanionAudiences = [],
        };
        var validator = new TokenValidator(new ResourceAudience(Server, [Server], false), [trusted], clock);
        var token = TokenForge.AccessToken(TestKeys.Es256, source.Issuer, Server, clock.GetUtcNow(), (_, payload) => change?.Invoke(payload));
        var validation = await validator.ValidateAsync(token.AsMemory(), TestContext.Current.CancellationToken);
        return validation.Token ?? throw new InvalidOperationException(validation.Refusal.ToReason());
    }
}
