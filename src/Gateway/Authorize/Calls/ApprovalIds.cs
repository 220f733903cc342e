using System.Collections.Immutable;
using System.Security.Cryptography;
using Gateway.Sessions;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace Gateway.Authorize.Calls;

/// <summary>Identifiers of approvals, which nobody remembers until they are used: each is of one server, one caller and one call.</summary>
internal sealed class ApprovalIds(ImmutableArray<byte[]> keys, TimeProvider clock)
{
    /// <summary>How long an approval is good after the refusal that asked for it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int RandomLength = 16;
    private readonly TimedSeals seals = new(keys, RandomLength, Lifetime, clock);

    /// <summary>An identifier of now, for one caller and one call.</summary>
    public string Create(string server, ValidatedToken caller, byte[] call) => seals.Create(hash => Append(hash, server, caller, call));

    /// <summary>When the identifier ends; null when it is not of this server, caller and call, or not good now.</summary>
    public DateTimeOffset? EndOf(string identifier, string server, ValidatedToken caller, byte[] call) => seals.EndOf(identifier, hash => Append(hash, server, caller, call));

    private static void Append(IncrementalHash hash, string server, ValidatedToken caller, byte[] call)
    {
        hash.AppendFields(server, caller.Issuer, caller.Subject, caller.ClientId);
        hash.AppendData(call);
    }
}
