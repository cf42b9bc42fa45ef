# Targets: runner (default; also has the apisix-conf CLI) and provider (the scripted LLM provider, for trying out).
FROM node:20.19.5-bookworm-slim AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY schemas schemas
COPY runner runner
COPY plugins plugins
COPY apisix-conf apisix-conf
RUN npm run build

FROM base AS dependencies
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM build AS provider
COPY test/provider test/provider
USER node
EXPOSE 9601
HEALTHCHECK --interval=5s --timeout=3s --retries=10 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9601/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "tsx", "test/provider/main.ts", "--host", "0.0.0.0", "--port", "9601"]

FROM base AS runner
ENV NODE_ENV=production
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY schemas schemas
COPY apisix-conf apisix-conf
# A named volume that is mounted here empty takes over owner and mode: the runner may write, APISIX may look in.
RUN install -d -o node -g node -m 0755 /run/llm-runner /var/lib/llm-runner
USER node
EXPOSE 9320
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=5 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9320/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/runner/main.js", "--settings", "apisix-conf/llm-runner.yaml"]
