using System.ComponentModel;
using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Bridge;

/// <summary>A process that was just started, and the bridge's ends of its three pipes.</summary>
internal sealed record Spawned(int Id, Stream Input, Stream Output, Stream Errors);

/// <summary>
/// Starts a program as the leader of its own session, and so of its own process group: a signal reaches whatever it
/// starts, and no terminal is left to it. It gets exactly the given environment, default signals, and descriptors 0 to 2.
/// </summary>
internal static unsafe class Spawn
{
    /// <summary>Starts <paramref name="file"/>, a path, with arguments of which the first is its name; throws <see cref="Win32Exception"/> when the system refuses.</summary>
    public static Spawned Start(string file, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        CloseOthersOnExec();
        var pipes = new Pipe?[3];
        var ours = new Stream?[3];
        try
        {
            for (var i = 0; i < pipes.Length; i++)
            {
                var pipe = pipes[i] = Pipe.Open();
                ours[i] = i == 0
                    ? new AnonymousPipeClientStream(PipeDirection.Out, pipe.TakeWrite())
                    : new AnonymousPipeClientStream(PipeDirection.In, pipe.TakeRead());
            }

            // Last: when anything fails, there is no process.
            var id = Run(file, arguments, environment, pipes[0]!.Read, pipes[1]!.Write, pipes[2]!.Write);
            return new Spawned(id, ours[0]!, ours[1]!, ours[2]!);
        }
        catch
        {
            foreach (var stream in ours)
            {
                stream?.Dispose();
            }

            throw;
        }
        finally
        {
            foreach (var pipe in pipes)
            {
                pipe?.Dispose();
            }
        }
    }

    private static int Run(string file, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, int input, int output, int errors)
    {
        var actions = stackalloc byte[Native.StructureSize];
        var attributes = stackalloc byte[Native.StructureSize];
        var signals = stackalloc byte[Native.StructureSize];
        using var fileBlock = new TextBlock([file]);
        using var argumentBlock = new TextBlock(arguments);
        using var environmentBlock = new TextBlock(environment);
        Check(Native.InitializeActions(actions));
        Check(Native.InitializeAttributes(attributes));
        try
        {
            Check(Native.AddDuplicate(actions, input, 0));
            Check(Native.AddDuplicate(actions, output, 1));
            Check(Native.AddDuplicate(actions, errors, 2));

            // .NET ignores SIGPIPE, and what is ignored stays so in a child: it would write to a dead pipe for ever.
            _ = Native.FillSignals(signals);
            Check(Native.SetSignalDefaults(attributes, signals));
            _ = Native.EmptySignals(signals);
            Check(Native.SetSignalMask(attributes, signals));
            Check(Native.SetFlags(attributes, Native.SpawnSignalDefaults | Native.SpawnSignalMask | Native.SpawnNewSession));
            Check(Native.Spawn(out var id, fileBlock.First, actions, attributes, argumentBlock.Pointers, environmentBlock.Pointers));
            return id;
        }
        finally
        {
            _ = Native.DestroyActions(actions);
            _ = Native.DestroyAttributes(attributes);
        }
    }

    /// <summary>
    /// What .NET opens is closed in a child, but not what the bridge itself was started with: a supervisor's sockets, a
    /// shell's files. Looked for each time, since a library may open something without .NET.
    /// </summary>
    private static void CloseOthersOnExec()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) && descriptor > 2)
            {
                // The one that this very listing has open is gone by now; nothing else can fail.
                _ = Control(descriptor, FileDescriptors.SetDescriptorFlags, FileDescriptors.CloseOnExec);
            }
        }
    }

    private static int Control(int descriptor, int command, int argument)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        return FileDescriptors.Control(handle, command, argument);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new Win32Exception(error);
        }
    }

    /// <summary>Both ends of a pipe, closed in every child; the ends that nobody takes are closed here too.</summary>
    private sealed class Pipe : IDisposable
    {
        public int Read { get; private set; }

        public int Write { get; private set; }

        public static Pipe Open()
        {
            var ends = stackalloc int[2];
            if (Native.Pipe(ends, Native.CloseOnExec) != 0)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            }

            return new Pipe { Read = AboveStandard(ends[0]), Write = AboveStandard(ends[1]) };
        }

        public SafePipeHandle TakeRead()
        {
            var handle = new SafePipeHandle(Read, ownsHandle: true);
            Read = -1;
            return handle;
        }

        public SafePipeHandle TakeWrite()
        {
            var handle = new SafePipeHandle(Write, ownsHandle: true);
            Write = -1;
            return handle;
        }

        public void Dispose()
        {
            foreach (var end in (ReadOnlySpan<int>)[Read, Write])
            {
                if (end >= 0)
                {
                    _ = Native.Close(end);
                }
            }

            (Read, Write) = (-1, -1);
        }

        /// <summary>A bridge that was started with 0, 1 or 2 closed would get them for its pipes, and overwrite one end with the other.</summary>
        private static int AboveStandard(int descriptor)
        {
            if (descriptor > 2)
            {
                return descriptor;
            }

            var moved = Control(descriptor, FileDescriptors.DuplicateCloseOnExec, 3);
            _ = Native.Close(descriptor);
            return moved;
        }
    }

    /// <summary>A list of texts as C knows it: pointers to UTF-8 that ends with NUL, and a null pointer at the end.</summary>
    private sealed class TextBlock : IDisposable
    {
        private readonly int count;

        public TextBlock(IReadOnlyList<string> texts)
        {
            count = texts.Count;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)count + 1, (nuint)sizeof(byte*));
            for (var i = 0; i < count; i++)
            {
                Pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
            }
        }

        public byte** Pointers { get; }

        public byte* First => Pointers[0];

        public void Dispose()
        {
            for (var i = 0; i < count; i++)
            {
                Marshal.ZeroFreeCoTaskMemUTF8((nint)Pointers[i]);
            }

            NativeMemory.Free(Pointers);
        }
    }
}
