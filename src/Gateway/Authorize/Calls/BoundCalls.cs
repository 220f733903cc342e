using Gateway.Advertise;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Calls;

namespace Gateway.Authorize.Calls;

/// <summary>Refuses tokens that are not for this very call, where a server takes no others.</summary>
internal static class BoundCalls
{
    /// <summary>Null when the token is bound to the call, or need not be.</summary>
    public static Refused? Refusal(CallPolicy? policy, ValidatedToken token, Operation operation, string verb, ReadOnlySpan<byte> body) =>
        policy is not { RequiresBinding: true } ? null : CallBinding.Judge(token, policy.Locations, operation.Method ?? verb, operation.Name, body) switch
        {
            CallFit.ThisCall => null,
            CallFit.NoCall => Advertise.Refusal.CallBindingMissing,
            _ => Advertise.Refusal.CallBindingMismatch,
        };
}
