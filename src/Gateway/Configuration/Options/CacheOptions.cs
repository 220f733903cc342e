using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Gateway.Configuration.Options;

/// <summary>The cache of hop tokens, as written.</summary>
internal sealed class CacheOptions
{
    [Description("The most hop tokens remembered.")]
    [Range(1, 10_000_000)]
    public int Capacity { get; set; } = 100_000;

    [Description("The longest time that a hop token is served from memory.")]
    [Example("00:01:00")]
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(5);
}
