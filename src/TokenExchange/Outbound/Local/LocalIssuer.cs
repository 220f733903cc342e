using Microsoft.Extensions.Logging;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>
/// Mints hop tokens where no authorization server can. Its keys are the files of one directory, which is looked at once
/// a second; a directory with anything wrong in it changes nothing and is logged.
/// </summary>
public sealed class LocalIssuer : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly LocalIssuerSettings settings;
    private readonly TimeProvider clock;
    private readonly ILogger<LocalIssuer> log;
    private readonly ITimer watch;
    private readonly Lock gate = new();
    private TokenDigest seen;
    private volatile SigningKeyRing ring;

    /// <summary>Reads the key directory. Throws <see cref="LocalIssuerException"/>, naming every problem, unless all of its keys are usable and there is one.</summary>
    public LocalIssuer(LocalIssuerSettings settings, TimeProvider clock, ILogger<LocalIssuer> log)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clock);
        this.settings = settings;
        this.clock = clock;
        this.log = log;
        var algorithm = SigningAlgorithm.Named(settings.Algorithm)
            ?? throw new LocalIssuerException($"The algorithm '{settings.Algorithm}' is none of {SigningAlgorithm.Names}.");
        Metadata = LocalMetadata.Of(settings.Issuer, algorithm.Name);

        using var files = KeyFiles.Read(settings.KeyDirectory);
        ring = SigningKeyRing.Of(files, algorithm, previous: null);
        if (ring.Problems is not [])
        {
            throw new LocalIssuerException(string.Join(Environment.NewLine, ring.Problems));
        }

        seen = files.Digest;
        LogWhatIsNew(files);
        watch = clock.CreateTimer(_ => Look(algorithm), null, LookEvery, LookEvery);
    }

    /// <summary>The published key set: public members only (RFC 7517). Changes with the directory; ask for each request.</summary>
    public ReadOnlyMemory<byte> Jwks => ring.Jwks;

    /// <summary>The issuer metadata (RFC 8414): issuer, jwks_uri (<c>{Issuer}/jwks</c>) and algorithm, no endpoint that grants anything.</summary>
    public ReadOnlyMemory<byte> Metadata { get; }

    /// <summary>An exchanger that mints for one server. Throws when the lifetime is out of its bounds.</summary>
    public ITokenExchanger For(LocalTokenSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Lifetime, TimeSpan.FromSeconds(1), nameof(settings));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.Lifetime, TimeSpan.FromMinutes(5), nameof(settings));
        return new LocalExchanger(this.settings.Issuer, settings, () => ring.Signer(clock.GetUtcNow()), clock);
    }

    /// <inheritdoc/>
    public void Dispose() => watch.Dispose();

    private void Look(SigningAlgorithm algorithm)
    {
        // A look that takes longer than a second (a network disk) must not be overtaken by the next.
        if (!gate.TryEnter())
        {
            return;
        }

        try
        {
            using var files = KeyFiles.Read(settings.KeyDirectory);
            if (files.Digest == seen)
            {
                return;
            }

            seen = files.Digest;
            var next = SigningKeyRing.Of(files, algorithm, ring);
            if (next.Problems is not [])
            {
                foreach (var problem in next.Problems)
                {
                    log.SigningKeysRefused(problem);
                }

                return;
            }

            var previous = ring;
            ring = next;
            previous.RetireAllBut(next);
            LogWhatIsNew(files);
        }
        catch (Exception bug)
        {
            // On a timer's thread an exception would end the process.
            log.SigningKeysUnreadable(bug.GetType().Name);
        }
        finally
        {
            gate.Exit();
        }
    }

    private void LogWhatIsNew(KeyFiles files)
    {
        log.SigningKeysRead(ring.Keys.Length, ring.Signer(clock.GetUtcNow()).Id);
        foreach (var name in files.Ignored)
        {
            log.SigningKeyFileIgnored(name);
        }
    }
}
