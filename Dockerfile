# The service as an image: the bundle of `npm run build` on Node, without packages (docs/deploying.md).
#   docker build --tag billing-bff .
ARG NODE=node:24-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY client/package.json client/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && rm dist/bundle/*.map

FROM ${NODE}
WORKDIR /srv/billing-bff
COPY --from=build /build/package.json ./
COPY --from=build /build/dist/main.js /build/dist/migrate.js dist/
COPY --from=build /build/dist/bundle dist/bundle/
COPY --from=build /build/dist/console-assets dist/console-assets/
COPY --from=build /build/scripts/start.sh /build/scripts/keys.mjs scripts/
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# By number, so that Kubernetes can tell that it is not root. Nothing is written: the root may be read-only.
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ADMIN_PORT || process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["scripts/start.sh"]
