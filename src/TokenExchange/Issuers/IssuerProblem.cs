namespace TokenExchange.Issuers;

/// <summary>Why a document of an authorization server could not be had or used the last time it was asked for.</summary>
/// <param name="Address">What was asked; null when nothing could be.</param>
/// <param name="Cause">A fixed word: one of <see cref="OutageCause"/>'s, or one of those here.</param>
/// <param name="Detail">The system's own words about the connection, where no peer had a say yet; null else.</param>
public sealed record IssuerProblem(Uri? Address, string Cause, string? Detail = null)
{
    /// <summary>Of <see cref="OtherIssuer"/>, what the document says in place of the configured one; null else. A stranger's text: for no log.</summary>
    public string? Said { get; init; }

    /// <summary>The address is not https, or holds a user.</summary>
    public const string Insecure = "insecure";

    /// <summary>The document is larger than any is read.</summary>
    public const string TooLarge = "too_large";

    /// <summary>It is not one JSON object without a member twice.</summary>
    public const string NoDocument = "no_document";

    /// <summary>The metadata names another issuer than the configured one.</summary>
    public const string OtherIssuer = "other_issuer";

    /// <summary>The metadata names an address that may not be asked: http where https is due, or no address.</summary>
    public const string BadAddress = "bad_address";

    /// <summary>The metadata names no keys.</summary>
    public const string NoKeysNamed = "no_keys_named";

    /// <summary>It is no key set.</summary>
    public const string NoKeySet = "no_key_set";

    /// <summary>No key of the set can verify anything.</summary>
    public const string NoUsableKey = "no_usable_key";

    /// <summary>The cause and where: fit for a log.</summary>
    public override string ToString() => Address is null ? Cause : $"{Cause} at {Address.GetLeftPart(UriPartial.Path)}";
}
