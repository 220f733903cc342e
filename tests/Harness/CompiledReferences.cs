using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Harness;

/// <summary>Which types of one compiled assembly know which others of it: by signature, field, base, interface or in a body.</summary>
public sealed class CompiledReferences : IDisposable
{
    private static readonly FrozenDictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToFrozenDictionary(code => (int)(ushort)code.Value);

    private readonly PEReader file;
    private readonly MetadataReader metadata;

    public CompiledReferences(Assembly assembly)
    {
        file = new PEReader(File.OpenRead(assembly.Location));
        metadata = file.GetMetadataReader();
    }

    /// <summary>Every pair of different types, the one that knows first, each by its full name; nested types count as their outermost.</summary>
    public IEnumerable<(string From, string To)> Pairs()
    {
        var pairs = new HashSet<(string, string)>();
        foreach (var handle in metadata.TypeDefinitions)
        {
            var from = NameOf(handle);
            foreach (var known in Known(handle))
            {
                if (NameOf(known) is var to && to != from)
                {
                    pairs.Add((from, to));
                }
            }
        }

        return pairs.Order();
    }

    public void Dispose() => file.Dispose();

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
        {
            type = metadata.GetTypeDefinition(type.GetDeclaringType());
        }

        return $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
    }

    private HashSet<TypeDefinitionHandle> Known(TypeDefinitionHandle handle)
    {
        var found = new HashSet<TypeDefinitionHandle>();
        var type = metadata.GetTypeDefinition(handle);
        Add(type.BaseType, found);
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            Add(metadata.GetInterfaceImplementation(implementation).Interface, found);
        }

        foreach (var field in type.GetFields())
        {
            AddSignature(metadata.GetFieldDefinition(field).Signature, found);
        }

        foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
        {
            AddSignature(method.Signature, found);
            if (method.RelativeVirtualAddress != 0)
            {
                AddBody(file.GetMethodBody(method.RelativeVirtualAddress), found);
            }
        }

        return found;
    }

    private void AddBody(MethodBodyBlock body, HashSet<TypeDefinitionHandle> found)
    {
        if (!body.LocalSignature.IsNil)
        {
            AddSignature(metadata.GetStandaloneSignature(body.LocalSignature).Signature, found);
        }

        foreach (var region in body.ExceptionRegions)
        {
            Add(region.CatchType, found);
        }

        var reader = body.GetILReader();
        while (reader.RemainingBytes > 0)
        {
            int value = reader.ReadByte();
            if (value == 0xFE)
            {
                value = 0xFE00 | reader.ReadByte();
            }

            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType or OperandType.InlineSig:
                    Add(MetadataTokens.EntityHandle(reader.ReadInt32()), found);
                    break;
                case OperandType.InlineSwitch:
                    var targets = reader.ReadInt32();
                    reader.Offset += targets * 4;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    reader.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    reader.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    reader.Offset += 8;
                    break;
                default:
                    reader.Offset += 4;
                    break;
            }
        }
    }

    private void Add(EntityHandle handle, HashSet<TypeDefinitionHandle> found)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                Signatures(found).WalkType(metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)handle).Signature));
                break;
            case HandleKind.MethodDefinition:
                Add(metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType(), found);
                break;
            case HandleKind.FieldDefinition:
                Add(metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType(), found);
                break;
            case HandleKind.MemberReference:
                var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                Add(member.Parent, found);
                AddSignature(member.Signature, found);
                break;
            case HandleKind.MethodSpecification:
                var generic = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                Add(generic.Method, found);
                AddSignature(generic.Signature, found);
                break;
            case HandleKind.StandaloneSignature:
                AddSignature(metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle).Signature, found);
                break;
        }
    }

    // Compressed tokens stand behind CLASS, VALUETYPE and modifiers only (ECMA-335 II.23.2); the rest of a signature is bytes.
    private void AddSignature(BlobHandle signature, HashSet<TypeDefinitionHandle> found) =>
        Signatures(found).Walk(metadata.GetBlobReader(signature));

    private SignatureWalk Signatures(HashSet<TypeDefinitionHandle> found) => new(handle => Add(handle, found));

    private sealed class SignatureWalk(Action<EntityHandle> add)
    {
        /// <summary>A type specification has no header: its first byte is the type's.</summary>
        public void WalkType(BlobReader reader) => Type(ref reader);

        public void Walk(BlobReader reader)
        {
            var header = reader.ReadSignatureHeader();
            switch (header.Kind)
            {
                case SignatureKind.Field:
                    Type(ref reader);
                    return;
                case SignatureKind.LocalVariables or SignatureKind.MethodSpecification:
                    Types(ref reader, reader.ReadCompressedInteger());
                    return;
                case SignatureKind.Method or SignatureKind.Property:
                    if (header.IsGeneric)
                    {
                        reader.ReadCompressedInteger();
                    }

                    Types(ref reader, reader.ReadCompressedInteger() + 1);
                    return;
                default:
                    throw new BadImageFormatException($"A signature of kind {header.Kind}.");
            }
        }

        private void Types(ref BlobReader reader, int count)
        {
            for (var i = 0; i < count; i++)
            {
                Type(ref reader);
            }
        }

        private void Type(ref BlobReader reader)
        {
            switch (reader.ReadSignatureTypeCode())
            {
                case SignatureTypeCode.TypeHandle:
                    add(reader.ReadTypeHandle());
                    break;
                case SignatureTypeCode.RequiredModifier or SignatureTypeCode.OptionalModifier:
                    add(reader.ReadTypeHandle());
                    Type(ref reader);
                    break;
                case SignatureTypeCode.Sentinel or SignatureTypeCode.Pinned or SignatureTypeCode.ByReference or SignatureTypeCode.Pointer or SignatureTypeCode.SZArray:
                    Type(ref reader);
                    break;
                case SignatureTypeCode.GenericTypeInstance:
                    Type(ref reader);
                    Types(ref reader, reader.ReadCompressedInteger());
                    break;
                case SignatureTypeCode.GenericTypeParameter or SignatureTypeCode.GenericMethodParameter:
                    reader.ReadCompressedInteger();
                    break;
                case SignatureTypeCode.Array:
                    Type(ref reader);
                    reader.ReadCompressedInteger();
                    Integers(ref reader);
                    Integers(ref reader);
                    break;
                case SignatureTypeCode.FunctionPointer:
                    reader.ReadSignatureHeader();
                    Types(ref reader, reader.ReadCompressedInteger() + 1);
                    break;
            }
        }

        private static void Integers(ref BlobReader reader)
        {
            for (var count = reader.ReadCompressedInteger(); count > 0; count--)
            {
                reader.ReadCompressedInteger();
            }
        }
    }
}
