using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using TokenExchange.Inbound.Proof;

namespace Gateway.Configuration.Options;

/// <summary>What is asked of DPoP proofs, as written.</summary>
internal sealed class DPoPOptions
{
    [Description("How far the time of a proof may be off; also how long a nonce is good.")]
    [Example("00:01:00")]
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(5);

    [Description("The most proofs remembered, so that none is taken twice. When it is full, requests with a proof are refused (503); none is forgotten early.")]
    [Range(1, 100_000_000)]
    public int ReplayCapacity { get; set; } = 1_000_000;

    [Description("required: a proof must hold a nonce of the gateway's.")]
    public DPoPNonce Nonce { get; set; } = DPoPNonce.Off;

    [Description("required: the proof of a request with a body must hold the digest of the body. if-present: a digest that is there must be right.")]
    public DPoPContentDigest ContentDigest { get; set; } = DPoPContentDigest.IfPresent;

    [Description("The signature algorithms of proofs; asymmetric only.")]
    [Example("""["ES256"]""")]
    public List<string> Algorithms { get; set; } = [.. DPoPSettings.DefaultAlgorithms];
}

internal enum DPoPNonce
{
    [JsonStringEnumMemberName("off")]
    Off,

    [JsonStringEnumMemberName("required")]
    Required,
}

internal enum DPoPContentDigest
{
    [JsonStringEnumMemberName("if-present")]
    IfPresent,

    [JsonStringEnumMemberName("required")]
    Required,
}
