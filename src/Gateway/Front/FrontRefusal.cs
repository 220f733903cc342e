namespace Gateway.Front;

/// <summary>Why the front goes no further: a code for the log and a fixed text for the user, never a value of the request.</summary>
/// <param name="Reason">The code.</param>
/// <param name="Text">What is wrong and what to do.</param>
internal sealed record FrontRefusal(string Reason, string Text)
{
    /// <summary>The status of the page.</summary>
    public int Status { get; private init; } = StatusCodes.Status400BadRequest;

    public static readonly FrontRefusal ParameterTwice = new("parameter_twice", "A parameter is there twice, and two readers could take two different values.");
    public static readonly FrontRefusal TooLarge = new("too_large", "There are more parameters, or longer ones, than are read here.");
    public static readonly FrontRefusal ResponseType = new("response_type", "The client asks for something other than an authorization code (response_type must be code).");
    public static readonly FrontRefusal Client = new("client_id", "The client has an id that is not the one given out here. It should forget what it has stored, and register anew.");
    public static readonly FrontRefusal RedirectUri = new("redirect_uri", "The address that the client wants the answer sent to is not one that the operator of this gateway has listed (RedirectUris).");
    public static readonly FrontRefusal Resource = new("resource", "The client does not say, exactly once, for which MCP server of this gateway it asks, or that server does not use this sign-in.");
    public static readonly FrontRefusal Challenge = new("pkce", "The client does not protect the code as OAuth 2.1 demands (PKCE with code_challenge_method S256 and a challenge of 43 characters).");
    public static readonly FrontRefusal State = new("state", "The client sends no state, without which it could not tell its own answer from somebody else's.");
    public static readonly FrontRefusal Characters = new("characters", "A parameter holds characters that none may hold.");
    public static readonly FrontRefusal Form = new("form", "This is not the form that this page sends.");
    public static readonly FrontRefusal Overloaded = new("overloaded", "Too much is being read at the moment. Go back and send the form again in a few seconds.") { Status = StatusCodes.Status503ServiceUnavailable };
    public static readonly FrontRefusal Elsewhere = new("elsewhere", "Another page than this one has sent the form.");
    public static readonly FrontRefusal Consent = new("consent", "What was to be consented to was not shown in this browser within the last ten minutes, or has been changed since. Begin anew in your client.");
    public static readonly FrontRefusal Unreachable = new("unreachable", "The authorization server does not say at the moment where users sign in. Try again in a minute.");
    public static readonly FrontRefusal NoSignIn = new("no_sign_in", "The authorization server names no address where users sign in.");
    public static readonly FrontRefusal NamesItself = new("names_itself", "The authorization server names itself in its answers (RFC 9207), which clients would hold against the name of this front: it cannot have one.");
}
