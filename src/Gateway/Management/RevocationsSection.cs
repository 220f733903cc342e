using Gateway.Observe;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>What is revoked, and whether all replicas know it.</summary>
internal static class RevocationsSection
{
    public static Html Of(PageSnapshot now) => Html.Of($"""
        <section id="revocations" aria-labelledby="revocations-title"><h2 id="revocations-title">Revocations and shared state</h2>
        {State(now)}
        {PageTable.Of(
            "The last that were carried out here; digests stand for whom they name",
            ["Time", "Asked for by", "Authorization server", "Selector", "Digest", "Streams ended", "Tokens dropped"],
            now.Revocations.Select(record => new[]
            {
                PageText.When(now.Time, record.Time),
                Html.Of($"{RevocationRecord.NameOf(record.Revocation.Source).Replace('_', ' ')}"),
                record.AuthorizationServer is { } name ? Html.Of($"{name}") : PageText.None,
                Html.Of($"{RevocationRecord.NameOf(record.Revocation.Selector).Replace('_', ' ')}"),
                PageText.Code(record.Revocation.Digest),
                Html.Of($"{PageText.Number(record.StreamsEnded)}"),
                Html.Of($"{PageText.Number(record.EntriesDropped)}"),
            }),
            "No revocation was carried out here since the start.")}
        </section>
        """);

    private static Html State(PageSnapshot now) => now.Readiness.SharedState is not { } state
        ? Html.Of($"<p>No shared state is configured: what is revoked is known to this process alone.</p>")
        : Html.Of($"""
            <dl class="facts">
            <div><dt>Shared state</dt><dd>{(state.Trouble is { } trouble ? Html.Of($"{PageText.Mark("bad", "not to be asked")} {trouble.Cause}, for {PageText.Lasting(now.Time - trouble.Since)}") : PageText.Mark(state.Old ? "bad" : "good", state.Complete ? "connected" : "not read yet"))} {PageText.Codes(state.Endpoints)}</dd></div>
            <div><dt>Heard of</dt><dd>{PageText.Lasting(state.Staleness)} ago</dd></div>
            <div><dt>Revocations in force</dt><dd>{PageText.Number(state.Revocations)}</dd></div>
            <div><dt>Yet to be written</dt><dd>{PageText.Number(state.Pending)}</dd></div>
            <div><dt>Ignored, since nobody with a key made them</dt><dd>{PageText.Number(state.Ignored)}</dd></div>
            <div><dt>When its memory is full</dt><dd>{state.Eviction ?? "it does not say"}</dd></div>
            </dl>
            """);
}
