using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Outbound.Sender;

/// <summary>
/// The key that new tokens are bound to: of a file that is looked at once a second, or of this process. A file with
/// anything wrong changes nothing and is logged; tokens that are bound to the key before keep it to their end, so that no
/// call is lost when it is rotated.
/// </summary>
public sealed partial class SenderKeys : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly string? path;
    private readonly ILogger<SenderKeys> log;
    private readonly ITimer? watch;
    private readonly Lock gate = new();
    private byte[] seen = [];
    private string? problem;
    private volatile SenderKey current;

    /// <summary>Reads the key of <paramref name="path"/>, or makes one when that is null. Throws <see cref="SenderKeyException"/> when the file holds none that can be used.</summary>
    public SenderKeys(string? path, TimeProvider clock, ILogger<SenderKeys> log)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (this.path, this.log) = (path, log);
        if (path is null)
        {
            current = SenderKey.Create();
            return;
        }

        current = Read(out var digest, out var unusable) ?? throw new SenderKeyException($"'{path}' {unusable}.");
        seen = digest;
        SenderKeyRead(current.Thumbprint);
        watch = clock.CreateTimer(_ => Look(), null, LookEvery, LookEvery);
    }

    /// <summary>The key that tokens asked for now are bound to.</summary>
    public SenderKey Current => current;

    /// <inheritdoc/>
    public void Dispose() => watch?.Dispose();

    private void Look()
    {
        // A look that takes longer than a second (a network disk) must not be overtaken by the next.
        if (!gate.TryEnter())
        {
            return;
        }

        try
        {
            var read = Read(out var digest, out var unusable);
            if (read is null)
            {
                // Told once, and not every second.
                if (unusable != problem)
                {
                    SenderKeyRefused(unusable!);
                }
            }
            else if (read.Thumbprint != current.Thumbprint)
            {
                current = read;
                SenderKeyRead(read.Thumbprint);
            }
            else if (!ReferenceEquals(read, current))
            {
                read.Discard();
            }

            (problem, seen) = (unusable, digest);
        }
        catch (Exception bug)
        {
            // On a timer's thread an exception would end the process.
            SenderKeyRefused(bug.GetType().Name);
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>The key of the file, the current one where its bytes are the same; null with the reason when it holds none.</summary>
    private SenderKey? Read(out byte[] digest, out string? unusable) => Read(path!, seen, current, out digest, out unusable);

    /// <summary>Why <see cref="SenderKeys"/> would refuse a file, as the end of a sentence that begins with its name; null when it would take it.</summary>
    public static string? Problem(string path)
    {
        Read(path, [], null, out _, out var unusable)?.Discard();
        return unusable;
    }

    private static SenderKey? Read(string path, byte[] seen, SenderKey? current, out byte[] digest, out string? unusable)
    {
        byte[]? content = null;
        (digest, unusable) = ([], null);
        try
        {
            content = PrivateFile.Read(path, FileContent.Key);
            digest = SHA256.HashData(content);
            return current is not null && digest.AsSpan().SequenceEqual(seen) ? current : SenderKey.FromPem(content);
        }
        catch (PrivateFileException exposed)
        {
            unusable = exposed.Message;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            unusable = "cannot be read";
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or NotSupportedException)
        {
            unusable = "does not hold a private key in PEM that is EC on P-256 or P-384, or RSA of at least 2048 bits";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }

        return null;
    }

    [LoggerMessage(2501, LogLevel.Information, "New tokens are bound to the key {Thumbprint}", EventName = "SenderKeyRead")]
    private partial void SenderKeyRead(string thumbprint);

    [LoggerMessage(2502, LogLevel.Error, "The changed sender key is not used, the one before it stays: the file {Problem}", EventName = "SenderKeyRefused")]
    private partial void SenderKeyRefused(string problem);
}

/// <summary>The sender key cannot be used. The message says where and why, never the key.</summary>
public sealed class SenderKeyException(string message) : Exception(message);
