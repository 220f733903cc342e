namespace Gateway.Management;

/// <summary>One hop token: never the token, only what it is for. <paramref name="SubjectDigest"/> is no subject either.</summary>
internal sealed record HopTokenView(string Server, string SubjectDigest, DateTimeOffset Expires, long Hits);
