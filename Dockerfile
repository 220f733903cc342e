# syntax=docker/dockerfile:1
# Both base images are build arguments. Pin them by digest in a release build:
#   --build-arg SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble@sha256:…
#   --build-arg RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled@sha256:…
# `docker buildx imagetools inspect IMAGE` (or `skopeo inspect docker://IMAGE`) prints the digest of the multi-arch index.
# The runtime is compiled into the program (self-contained), so it is as old as the SDK that built it: rebuild with the
# newest SDK image on every .NET patch day. docs/kubernetes.md says why.
#
# Two targets: the last one, which is fastest under load, and `aot` (`--target aot`), compiled ahead of time whole: smaller
# and up sooner, for sidecars. docs/performance.md has the price and the gain.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG SDK_AOT_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble-aot
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled

# The build runs on the machine's own architecture and compiles for the target's.
FROM --platform=$BUILDPLATFORM ${SDK_IMAGE} AS build
ARG TARGETARCH
# For restores that differ from the public registry's: -p:NuGetAudit=false, a --source.
ARG PUBLISH_ARGS=""
WORKDIR /source
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
COPY . .
# Composite: framework and program are compiled together, generic code of the one over types of the other included. It
# halves the time to the first answer, since five in six of the methods that the JIT compiler had left to do are there.
RUN dotnet publish src/Gateway/Gateway.csproj --output /app --configuration Release --arch "$TARGETARCH" --os linux \
    --self-contained true -p:PublishTrimmed=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=true -p:PublishSingleFile=false \
    -p:DebugType=none -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false -p:UseSharedCompilation=false ${PUBLISH_ARGS}

# Native code for another architecture needs that one's linker: this stage runs on the target's own.
FROM ${SDK_AOT_IMAGE} AS build-aot
ARG PUBLISH_ARGS=""
WORKDIR /source
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
COPY . .
RUN dotnet publish src/Gateway/Gateway.csproj --output /app --configuration Release --use-current-runtime -p:PublishAot=true \
    -p:DebugType=none -p:StripSymbols=true -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false \
    -p:UseSharedCompilation=false ${PUBLISH_ARGS} && rm -f /app/*.dbg

FROM ${RUNTIME_IMAGE} AS program
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
ARG RUNTIME_IMAGE
LABEL org.opencontainers.image.title="MCP audience gateway" \
      org.opencontainers.image.description="Validates that a token was minted for exactly one MCP server and exchanges it for that server's own" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}"
# Nothing is written, so the root file system can be read-only: no diagnostics socket in /tmp, no extracted bundle.
ENV DOTNET_EnableDiagnostics=0 \
    GATEWAY_CONFIG=/etc/gateway/gateway.json
# A number, so that Kubernetes can see that it is not root. 1654 is the chiseled images' own "app".
USER 1654:1654
EXPOSE 8080
WORKDIR /
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/app/gateway", "health", "--url", "http://127.0.0.1:8080/healthz/ready"]
ENTRYPOINT ["/app/gateway"]
CMD ["run", "--urls", "http://*:8080"]

FROM program AS aot
COPY --from=build-aot /app /app

FROM program
COPY --from=build /app /app
