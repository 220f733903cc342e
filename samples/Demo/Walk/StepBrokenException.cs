namespace Demo.Walk;

/// <summary>A step cannot go on: something that it builds on did not happen. The message says what.</summary>
internal sealed class StepBrokenException(string message) : Exception(message);
