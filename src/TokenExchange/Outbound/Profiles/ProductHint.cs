namespace TokenExchange.Outbound.Profiles;

/// <summary>What an operator does about one outcome at a product, where it is not what the outcome says; the product's page in the documentation says it too.</summary>
internal sealed record ProductHint
{
    /// <summary>The same at most products.</summary>
    public const string Credentials = "client id, secret or key are not the registered ones";

    private readonly Predicate<ExchangeResult> fits;

    /// <summary>About a refusal; <paramref name="diagnostic"/> null: whatever its code.</summary>
    public ProductHint(ExchangeError error, string? diagnostic, string text)
        : this(text, result => result is ExchangeResult.Refused refused && refused.Error == error && (diagnostic is null || refused.Diagnostic == diagnostic))
    {
    }

    /// <summary>About a result that was dropped.</summary>
    public ProductHint(ResultRejection rejection, string text)
        : this(text, result => result is ExchangeResult.Rejected rejected && rejected.Detail == rejection)
    {
    }

    private ProductHint(string text, Predicate<ExchangeResult> fits) => (Text, this.fits) = (text, fits);

    public string Text { get; }

    public bool Fits(ExchangeResult result) => fits(result);
}
