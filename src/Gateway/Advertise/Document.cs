namespace Gateway.Advertise;

/// <summary>A public JSON document at a fixed path, the same for everybody: metadata and key sets.</summary>
/// <param name="Read">The bytes now; a key set changes while a generation lives.</param>
internal sealed record Document(Func<ReadOnlyMemory<byte>> Read);
