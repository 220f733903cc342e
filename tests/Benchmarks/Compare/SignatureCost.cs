using System.Diagnostics;
using System.Security.Cryptography;

namespace Gateway.Benchmarks.Compare;

/// <summary>What one ES256 signature and its verification cost on this machine, in this run, without anything around them.</summary>
internal static class SignatureCost
{
    private const int Times = 5_000;

    /// <summary>In µs.</summary>
    public static (double Sign, double Verify) Measure()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var data = RandomNumberGenerator.GetBytes(400);
        var signature = key.SignData(data, HashAlgorithmName.SHA256);
        return (Time(() => key.SignData(data, HashAlgorithmName.SHA256)), Time(() => key.VerifyData(data, signature, HashAlgorithmName.SHA256)));
    }

    private static double Time(Action act)
    {
        for (var i = 0; i < Times / 10; i++)
        {
            act();
        }

        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            act();
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Times;
    }
}
