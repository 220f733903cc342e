using Interop;

// `server` serves MCP on a free port of 127.0.0.1 and prints it; `stdio` serves the same over standard input and output;
// `client URL PROTOCOL TRANSPORT` calls a tool there with the token in the environment variable BEARER; `signin URL BROWSER` signs
// in first, by a browser that is asked at an address of its own; `stay URL TRANSPORT
// TOKENS SECONDS` calls tools there for so long.
return args switch
{
    ["server"] => await CSharpServer.RunAsync(),
    ["stdio"] => await CSharpServer.RunOverStdioAsync(),
    ["client", var url, var protocol, var transport] => await CSharpClient.RunAsync(new Uri(url), protocol, transport),
    ["signin", var url, var browser] => await CSharpClient.SignInAsync(new Uri(url), new Uri(browser)),
    ["stay", var url, var transport, var tokens, var seconds] =>
        await LastingClient.RunAsync(new Uri(url), transport, new Uri(tokens), TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture))),
    _ => 2,
};
