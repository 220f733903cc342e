using Harness;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Tests.Cache;
using TokenExchange.Tests.Proof;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>A thread that serves sockets is lent by the connections of many: what takes a signature leaves it, and what takes none does not.</summary>
public sealed class SignatureThreadsTests
{
    private const string Certificate = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
    private static readonly SemaphoreSlim OneAtATime = new(1);

    [Fact]
    public async Task A_hop_token_that_nobody_holds_is_made_on_a_signature_thread()
    {
        using var fixture = new CacheFixture();
        var threads = new List<string?>();
        fixture.Inner.Answer = request =>
        {
            threads.Add(Thread.CurrentThread.Name);
            return fixture.Inner.Token(request, TimeSpan.FromMinutes(5));
        };

        await OnAThreadOfItsOwn(() => fixture.Exchange(CacheFixture.Request()).AsTask());
        await OnAThreadOfItsOwn(() => fixture.Exchange(CacheFixture.Request() with { Call = new BoundCall("tools/call", "forecast", "sha-256=::") }).AsTask());

        Assert.Equal(["Signatures", "Signatures"], threads);
    }

    [Fact]
    public async Task A_hop_token_that_is_held_is_given_at_once()
    {
        using var fixture = new CacheFixture();
        fixture.Inner.Answer = request => fixture.Inner.Token(request, TimeSpan.FromMinutes(5));
        await fixture.Exchange(CacheFixture.Request());

        await OnAThreadOfItsOwn(() =>
        {
            Assert.True(fixture.Exchange(CacheFixture.Request()).AsTask().IsCompletedSuccessfully);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_proof_is_judged_on_a_signature_thread_also_with_a_token_that_is_known()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(change: (_, payload) => payload["cnf"]!["x5t#S256"] = Certificate);
        await fixture.ValidateAsync(token, new DPoPProof(fixture.Proof(token), "POST", ProofFixture.Uri), () => Certificate);
        var threads = new List<string?>();
        for (var use = 0; use < 2; use++)
        {
            await OnAThreadOfItsOwn(async () => Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, new DPoPProof(fixture.Proof(token), "POST", ProofFixture.Uri), () =>
            {
                threads.Add(Thread.CurrentThread.Name);
                return Certificate;
            }))));
        }

        Assert.Equal(["Signatures", "Signatures"], threads);
    }

    [Fact]
    public async Task A_known_token_of_a_bearer_is_accepted_at_once()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var token = fixture.Token();
        await fixture.Validator.ValidateAsync(token.AsMemory(), CancellationToken.None);

        await OnAThreadOfItsOwn(() =>
        {
            Assert.True(fixture.Validator.ValidateAsync(token.AsMemory(), CancellationToken.None).AsTask().IsCompletedSuccessfully);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task What_anybody_may_post_is_verified_on_a_signature_thread()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        await fixture.ReasonAsync(fixture.Token());
        var issuer = fixture.Trusted.Server;
        string Forged(string type) => fixture.Token((header, payload) => (header["typ"], payload["aud"]) = (type, "mcp-gateway"), TestKeys.Stranger.As(kid: "es256"));
        var logout = new LogoutTokenValidator(issuer, ["mcp-gateway"], ["ES256"], TimeSpan.Zero, fixture.Clock);
        var events = new SecurityEventValidator(issuer, issuer.Settings.Issuer, "mcp-gateway", ["ES256"], TimeSpan.Zero, TimeSpan.FromDays(1), fixture.Clock);

        Assert.True(await WaitsForOneAsync(async () => Assert.Equal("signature", (await logout.ValidateAsync(Forged("logout+jwt").AsMemory(), CancellationToken.None)).Refusal)));
        Assert.True(await WaitsForOneAsync(async () => Assert.Equal("signature", (await events.ValidateAsync(Forged("secevent+jwt").AsMemory(), CancellationToken.None)).Check)));
    }

    [Fact]
    public async Task Who_is_on_the_thread_pool_or_a_signature_thread_goes_on_at_once()
    {
        await Task.Run(() => Assert.True(SignatureThreads.Switch().IsCompleted), TestContext.Current.CancellationToken);

        await OnAThreadOfItsOwn(async () =>
        {
            Assert.False(SignatureThreads.Switch().IsCompleted);
            await SignatureThreads.Switch();
            Assert.True(SignatureThreads.Switch().IsCompleted);
        });
    }

    [Fact]
    public async Task No_more_is_done_at_once_than_there_are_threads_and_nothing_is_lost()
    {
        var (running, most, done) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => OnAThreadOfItsOwn(async () =>
        {
            await SignatureThreads.Switch();
            var now = Interlocked.Increment(ref running);
            for (var seen = most; seen < now && Interlocked.CompareExchange(ref most, now, seen) != seen; seen = most)
            {
            }

            Thread.Yield();
            Interlocked.Decrement(ref running);
            Interlocked.Increment(ref done);
        })));

        Assert.Equal(200, done);
        Assert.InRange(most, 1, SignatureThreads.Most);
    }

    [Fact]
    public async Task A_new_token_is_refused_while_too_many_wait_and_one_that_is_known_is_not()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        using var end = new ManualResetEventSlim();
        var threads = new SignatureThreads(most: 1, mostWaiting: 2);
        var validator = new TokenValidator(new ResourceAudience(ValidatorFixture.Resource, [ValidatorFixture.Resource], AllowOthers: false), [fixture.Trusted], fixture.Clock, 100) { Threads = threads };
        var known = fixture.Token();
        await OnAThreadOfItsOwn(async () => Assert.NotNull((await validator.ValidateAsync(known.AsMemory(), CancellationToken.None)).Token));
        using var busy = new ManualResetEventSlim();
        var first = OnAThreadOfItsOwn(async () =>
        {
            await threads.SwitchTo();
            busy.Set();
            end.Wait();
        });
        busy.Wait(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(0, 2).Select(_ => OnAThreadOfItsOwn(async () => await threads.SwitchTo())).ToArray();
        SpinWait.SpinUntil(() => threads.IsFull);
        try
        {
            Assert.Equal("overloaded", (await validator.ValidateAsync(Another(fixture).AsMemory(), CancellationToken.None)).Refusal.ToReason());
            Assert.NotNull((await validator.ValidateAsync(known.AsMemory(), CancellationToken.None)).Token);
        }
        finally
        {
            end.Set();
        }

        await Task.WhenAll([first, .. others]);
        Assert.False(threads.IsFull);
        Assert.NotNull((await validator.ValidateAsync(Another(fixture).AsMemory(), CancellationToken.None)).Token);
    }

    [Fact]
    public async Task Nothing_is_verified_for_one_who_left_while_it_waited()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        using var left = new CancellationTokenSource();
        var forged = fixture.Token(null, TestKeys.Stranger.As(kid: "es256"));
        await fixture.ReasonAsync(fixture.Token());

        Assert.True(await WaitsForOneAsync(async () =>
        {
            var validation = fixture.Validator.ValidateAsync(forged.AsMemory(), left.Token);
            await left.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await validation);
        }));
    }

    /// <summary>Whether that waits for a signature thread, begun on a thread that is not one. Whatever comes of it then is awaited.</summary>
    internal static async Task<bool> WaitsForOneAsync(Func<Task> begin)
    {
        // Who comes from a signature thread would wait for himself, and of two at a time each for what the other holds.
        await Task.Yield();
        await OneAtATime.WaitAsync(TestContext.Current.CancellationToken);
        using var busy = new CountdownEvent(SignatureThreads.Most);
        using var end = new ManualResetEventSlim();
        try
        {
            var all = Enumerable.Range(0, SignatureThreads.Most).Select(_ => OnAThreadOfItsOwn(async () =>
            {
                await SignatureThreads.Switch();
                busy.Signal();
                end.Wait();
            })).ToArray();
            busy.Wait(TestContext.Current.CancellationToken);
            var waits = false;
            var begun = OnAThreadOfItsOwn(() =>
            {
                var beginning = begin();
                waits = !beginning.IsCompleted;
                end.Set();
                return beginning;
            });
            await Task.WhenAll([begun, .. all]);
            return waits;
        }
        finally
        {
            end.Set();
            OneAtATime.Release();
        }
    }

    private static string Another(ValidatorFixture fixture) => fixture.Token((_, payload) => payload["jti"] = Guid.NewGuid().ToString());

    /// <summary>Begins something on a thread that is not the pool's, as those are not that serve sockets.</summary>
    private static async Task OnAThreadOfItsOwn(Func<Task> begin) =>
        await await Task.Factory.StartNew(
            () =>
            {
                Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                return begin();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
}
