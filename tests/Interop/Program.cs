using Interop;

// `server` serves MCP on a free port of 127.0.0.1 and prints it; `stdio` serves the same over standard input and output;
// `client URL PROTOCOL TRANSPORT` calls a tool there with the token in the environment variable BEARER.
return args switch
{
    ["server"] => await CSharpServer.RunAsync(),
    ["stdio"] => await CSharpServer.RunOverStdioAsync(),
    ["client", var url, var protocol, var transport] => await CSharpClient.RunAsync(new Uri(url), protocol, transport),
    _ => 2,
};
