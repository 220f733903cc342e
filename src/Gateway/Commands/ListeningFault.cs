using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Gateway.Configuration;
using Gateway.Configuration.Rules;
using Gateway.Management;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Commands;

/// <summary>Why a start failed at an address to listen on: which, what says it, and what to do.</summary>
internal static class ListeningFault
{
    /// <summary>The next step, with the key of the address; empty for a failure of another kind.</summary>
    /// <param name="error">What starting threw.</param>
    /// <param name="configuration">The host's own configuration, for its endpoints; null before there is one.</param>
    /// <param name="arguments">The command line, for the addresses where there are none.</param>
    public static string NextStep(Exception error, IConfiguration? configuration, IReadOnlyList<string> arguments) => NextStep(error, () => Which(error, configuration, arguments));

    /// <summary>The same where one option alone says the address.</summary>
    public static string NextStep(Exception error, string option, string url) => NextStep(error, () => $"It is {option}, '{url}'");

    private static string NextStep(Exception error, Func<string> which)
    {
        for (var current = error; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return $" {which()}: something listens there already, perhaps another gateway: find it with 'ss -ltnp', stop it, or write another address (docs/troubleshooting.md#port-in-use).";
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return $" {which()}: ports below 1024 need a privilege, and a socket a directory that may be written; write a higher port, or another directory (docs/troubleshooting.md#port-denied).";
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable }:
                    return $" {which()}: no interface of this machine has that address; write one that it has, 127.0.0.1 or 0.0.0.0 (docs/troubleshooting.md#address-not-here).";
            }
        }

        return "";
    }

    private static string Which(Exception error, IConfiguration? configuration, IReadOnlyList<string> arguments)
    {
        var addresses = Addresses(configuration, arguments);
        for (var current = error; current is not null; current = current.InnerException)
        {
            if (current.Data[ManagementListener.Fault] is string url)
            {
                return $"It is {ManagementListener.Fault}, '{url}'";
            }

            if (current.Data[nameof(EndPoint)] is EndPoint endpoint && addresses.Where(address => ListenedAt.Of(address.Url)?.Binds(endpoint) == true).ToArray() is [var found])
            {
                return $"It is {found.Key}, '{found.Url}'";
            }
        }

        return $"It is {(addresses.Length == 1 ? "" : "one of ")}{string.Join(", ", addresses.Select(address => $"{address.Key}, '{address.Url}'"))}";
    }

    private static ImmutableArray<(string Key, string Url)> Addresses(IConfiguration? configuration, IReadOnlyList<string> arguments)
    {
        ImmutableArray<(string Key, string Url)> endpoints =
        [
            .. from endpoint in configuration?.GetSection("Kestrel:Endpoints").GetChildren() ?? []
               where endpoint["Url"] is not null
               select ($"{endpoint.Path}:Url", endpoint["Url"]!),
        ];
        return endpoints.IsEmpty
            ? [.. ListeningAddresses.Said(arguments, Environment.GetEnvironmentVariables()).Select(said => (said.Source ?? "the default address (--urls and Kestrel:Endpoints say another)", said.Url))]
            : endpoints;
    }
}
