using OpenIddictSample;

if (SampleOptions.Parse(args) is not { } options)
{
    await Console.Error.WriteLineAsync(SampleOptions.Usage);
    return args is ["--help" or "-h"] ? 0 : 2;
}

await using var server = await SampleServer.StartAsync(options);
Console.WriteLine($$"""
    OpenIddict, for development only: whoever names a user is that user.

    Issuer          {{server.Issuer}}
    Users' tokens   for {{options.Public}}, scope {{SampleServer.Scope}}, public client {{SampleServer.UserClient}}
    Hop tokens      for {{options.Internal}}, by exchange, client {{SampleServer.GatewayClient}}
    Its secret      {{Path.GetFullPath(options.SecretFile)}}

    A token of alice:

    TOKEN=$(curl -s {{server.Issuer}}connect/token -d grant_type=password -d username=alice -d password=any \
      -d client_id={{SampleServer.UserClient}} -d scope={{SampleServer.Scope}} -d resource={{options.Public}} \
      | sed -nE 's/.*"access_token": ?"([^"]+)".*/\1/p')

    Ctrl+C ends it.
    """);
await server.StoppedAsync();
return 0;
