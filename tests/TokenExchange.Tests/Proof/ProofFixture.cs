using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;
using TokenExchange.Tests.Verify;

namespace TokenExchange.Tests.Proof;

/// <summary>A server that takes bound tokens, a client with a key, and the request that proofs are for.</summary>
public sealed class ProofFixture : IAsyncDisposable
{
    public const string Uri = "https://mcp.example.com/weather/message";

    private ProofFixture(ValidatorFixture validator, SenderPolicy policy) => (Validation, Policy) = (validator, policy);

    public static TestKey Client { get; } = TestKey.Create("ES256", null);

    public static TestKey OtherClient { get; } = TestKey.Create("ES256", null);

    public static TestKey RsaClient { get; } = TestKey.Create("PS256", null);

    public ValidatorFixture Validation { get; }

    public SenderPolicy Policy { get; }

    public ManualClock Clock => Validation.Clock;

    public static async Task<ProofFixture> StartAsync(DPoPSettings? settings = null, bool required = false, int replayCapacity = 100, IUsedIds? used = null, byte[]? nonceKey = null)
    {
        var clock = new ManualClock();
        var policy = new SenderPolicy(settings ?? new(), required, used ?? new ReplayMemory(replayCapacity, clock), new ProofNonces([nonceKey ?? new byte[32]], clock), clock);
        return new ProofFixture(await ValidatorFixture.StartAsync(capacity: 100, clock: clock, sender: policy), policy);
    }

    /// <summary>A token that is bound to the client's key unless a test says otherwise.</summary>
    public string Token(TestKey? boundTo = null, Action<JsonObject, JsonObject>? change = null) => Validation.Token((header, payload) =>
    {
        ProofForge.BoundTo(boundTo ?? Client)(header, payload);
        change?.Invoke(header, payload);
    });

    public string Proof(string token, Action<JsonObject, JsonObject>? change = null, TestKey? key = null) =>
        ProofForge.Proof(key ?? Client, "POST", Uri, token, Clock.GetUtcNow(), change);

    public async Task<TokenValidation> ValidateAsync(string token, DPoPProof? proof, Func<string?>? certificate = null) =>
        await Validation.Validator.ValidateAsync(token.AsMemory(), new Presentation(proof, certificate), CancellationToken.None);

    public Task<TokenValidation> ValidateAsync(string token, string? proof) => ValidateAsync(token, new DPoPProof(proof, "POST", Uri));

    /// <summary>The refusal's reason and, where a proof was refused, the check that it failed; or "accepted".</summary>
    public async Task<string> OutcomeAsync(string token, string? proof) => OutcomeOf(await ValidateAsync(token, proof));

    /// <summary>The hash of a token that a proof holds.</summary>
    public static string HashOf(string token) => System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(token)));

    /// <summary>What a whole request comes to: the same, and then the body and the proof's id.</summary>
    public async Task<string> RequestAsync(string token, string proof, string body = "{}")
    {
        var presented = new DPoPProof(proof, "POST", Uri);
        var validation = await ValidateAsync(token, presented);
        if (validation.Token is null)
        {
            return OutcomeOf(validation);
        }

        var redemption = await Policy.RedeemAsync(presented, validation.Token, System.Text.Encoding.UTF8.GetBytes(body), CancellationToken.None);
        return redemption.Outcome == RedemptionOutcome.Redeemed ? "accepted" : $"{redemption.Outcome} {redemption.Failed}".TrimEnd();
    }

    public static string OutcomeOf(TokenValidation validation) =>
        validation.Token is not null ? "accepted" : $"{validation.Refusal.ToReason()} {validation.FailedProofCheck}".TrimEnd();

    public ValueTask DisposeAsync() => Validation.DisposeAsync();
}
