# VirServer with QEMU and its embedded stores, on port 8080. `docker-compose up -d` builds and starts it.
#
# --build-arg PACKAGE=local takes the .deb that `make package` left in build/package instead of compiling here.
ARG BASE=debian:12-slim

FROM ${BASE} AS package
ARG PACKAGE=source
WORKDIR /src
COPY . .
RUN mkdir /package \
 && if [ "$PACKAGE" = source ]; then \
      scripts/deps build && scripts/deps package \
      && cmake --preset release -DBUILD_TESTING=OFF -DVIRSERVER_BENCH=OFF \
      && scripts/build release virserver virctl virserver-shim && scripts/package; \
    fi \
 && cp build/package/virserver_*.deb /package/virserver.deb

FROM ${BASE}
LABEL org.opencontainers.image.title="VirServer" \
      org.opencontainers.image.description="Virtual boards for firmware, through one API" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=package /package/virserver.deb /tmp/virserver.deb
# qemu-system-misc has emulators for 25 processors and weighs 200 MB: those that no board uses are left out, as are
# documents and translations.
COPY deploy/container/dpkg.cfg /etc/dpkg/dpkg.cfg.d/virserver
RUN groupadd --system --gid 990 virserver && useradd --system --uid 990 --gid 990 --home-dir /var/lib/virserver --no-create-home virserver \
 && apt-get update \
 && apt-get install -y --no-install-recommends /tmp/virserver.deb qemu-system-arm qemu-system-misc qemu-system-ppc qemu-system-sparc \
 && rm -rf /tmp/virserver.deb /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

USER 990:990
WORKDIR /var/lib/virserver
ENV VIRSERVER_DATA=/var/lib/virserver VIRSERVER_LISTEN=0.0.0.0:8080 VIRSERVER_ALLOW_REMOTE=true VIRSERVER_ACCESS_LOG=-
VOLUME /var/lib/virserver
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/live HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.1 200' <&3"]
CMD ["virserver"]
