using Microsoft.Extensions.Time.Testing;

namespace TokenExchange.Tests.Harness;

/// <summary>Time that moves when a test says so, from noon of one and the same day on.</summary>
public sealed class ManualClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
