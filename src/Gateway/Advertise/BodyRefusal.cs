namespace Gateway.Advertise;

/// <summary>What may be wrong with a request's body, each fault with a text of its own; the text repeats nothing of the body.</summary>
/// <remarks>JSON-RPC 2.0 §4, §5; MCP, base protocol, messages.</remarks>
internal static class BodyRefusal
{
    private const int ParseError = -32700;
    private const int InvalidRequest = -32600;

    public static readonly Refusal Empty = Of(ParseError, "The request body is empty.");
    public static readonly Refusal NotUtf8 = Of(ParseError, "The request body is not UTF-8.");
    public static readonly Refusal NotJson = Of(ParseError, "The request body is not JSON.");
    public static readonly Refusal NotText = Of(ParseError, "A string or name in the request body holds half of a surrogate pair, and is no text.");
    public static readonly Refusal TooDeep = Of(ParseError, "The request body nests deeper than 128 levels.");

    public static readonly Refusal Broken = Of(ParseError, "The request body broke off, or its framing cannot be read.");

    public static readonly Refusal Batch = Of(InvalidRequest, "The request body is an array; MCP has no batches since 2025-06-18, send one message.");
    public static readonly Refusal NotAnObject = Of(InvalidRequest, "The request body is JSON, but no object and so no JSON-RPC message.");
    public static readonly Refusal NotExpected = Of(InvalidRequest, "Only a POST has a body.");
    public static readonly Refusal Version = Of(InvalidRequest, "The member jsonrpc must be \"2.0\".");
    public static readonly Refusal MethodType = Of(InvalidRequest, "The member method must be a string that is not empty.");
    public static readonly Refusal ParamsType = Of(InvalidRequest, "The member params must be an object.");
    public static readonly Refusal IdType = Of(InvalidRequest, "The member id must be a string or a number.");
    public static readonly Refusal RequestAndAnswer = Of(InvalidRequest, "A message has a method, or a result or error; this one has both.");
    public static readonly Refusal NeitherRequestNorAnswer = Of(InvalidRequest, "A message has a method, a result or an error; this one has none.");
    public static readonly Refusal TwoAnswers = Of(InvalidRequest, "A response has a result or an error; this one has both.");
    public static readonly Refusal AnswerToNothing = Of(InvalidRequest, "A response must have the id of its request.");

    public static readonly Refusal Duplicate = Of(InvalidRequest, "A member of the message stands there twice, for a reader that folds case.");
    public static readonly Refusal Misspelt = Of(InvalidRequest, "A member of the protocol is spelt in another case.");
    public static readonly Refusal Nul = Of(InvalidRequest, "The message holds a NUL in a name, where some readers stop.");

    public static readonly Refusal Parent = Of(InvalidRequest, "The message holds a member __proto__, whose members some readers take for the message's own.");
    public static readonly Refusal TooManyMembers = Of(InvalidRequest, "An object of the message has more than 1024 members.");
    public static readonly Refusal NameMissing = Of(InvalidRequest, "What the method is applied to (name, uri, taskId or ref) is missing, and rules of this server ask for it.");

    public static readonly Refusal NameType = Of(InvalidRequest, "What the method is applied to (name, uri or taskId) must be a string.");
    public static readonly Refusal ProtocolVersionType = Of(InvalidRequest, "The protocol version in _meta must be a string.");
    public static readonly Refusal Reference = Of(InvalidRequest, "The member ref must hold the name of a ref/prompt or the uri of a ref/resource, and not both.");
    public static readonly Refusal Subscriptions = Of(InvalidRequest, "The member notifications must be an object, and resourceSubscriptions and taskIds in it lists of strings.");
    public static readonly Refusal UriForm = Of(InvalidRequest, "The resource's URI is not in the form that every reader understands alike (RFC 3986, section 6.2.2).");

    public static readonly Refusal Arguments = Of(InvalidRequest, "The member arguments must be an object in which, at any depth, no member stands twice, for a reader that folds case, none is called __proto__, and no object has more than 16384.");

    private static Refusal Of(int code, string description) => new("body_invalid", 400, description, JsonRpcCode: code);
}
