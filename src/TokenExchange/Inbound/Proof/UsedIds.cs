using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>An id that may be used once: of whom, which, and until when its use must be remembered.</summary>
/// <param name="Purpose">What kind of id it is; ids of two purposes never meet.</param>
/// <param name="Owner">Whose id it is: whoever fills the memory shares it with others.</param>
/// <param name="Id">A digest over owner and id.</param>
/// <param name="Until">When whatever carries the id is refused for its age, whether it was used or not.</param>
public readonly record struct UsedId(string Purpose, TokenDigest Owner, TokenDigest Id, DateTimeOffset Until)
{
    /// <summary>An id that came with a token. All ids of one subject of one issuer have one owner, whatever they are for.</summary>
    public static UsedId Of(string purpose, ValidatedToken token, TokenDigest id, DateTimeOffset until)
    {
        ArgumentNullException.ThrowIfNull(token);

        // The length is part of it, so that no two pairs are written alike.
        return new(purpose, TokenDigest.Of($"{token.Issuer.Length}:{token.Issuer}{token.Subject}"), id, until);
    }
}

/// <summary>What came of taking an id.</summary>
public enum IdUse
{
    /// <summary>It is taken, for the first and only time.</summary>
    Taken,

    /// <summary>It was taken before, or could have been: its time is over.</summary>
    Seen,

    /// <summary>Nothing more can be remembered now; it is not taken.</summary>
    Full,

    /// <summary>Whoever remembers cannot be asked now; whether it is taken is not known.</summary>
    Unavailable,
}

/// <summary>Remembers which ids were used: in this process, or for all replicas.</summary>
public interface IUsedIds
{
    /// <summary>Takes an id; of any number of callers with one id, exactly one is told <see cref="IdUse.Taken"/>, and none once its time is over.</summary>
    ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken);
}
