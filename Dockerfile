# Two stages: build with everything, run with what is needed. The image brings Node itself, so the packaged one is not started.
FROM node:24-bookworm-slim AS build
WORKDIR /app
ENV NEXT_TELEMETRY_DISABLED=1
COPY package.json package-lock.json ./
COPY scripts/process scripts/process
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
RUN useradd --system --home /app worldline && mkdir /data && chown worldline /data
COPY --from=build /app /app
USER worldline
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
# A configuration is needed here: beyond loopback Worldline refuses to listen without auth.
CMD ["node", "--max-semi-space-size=16", "server/main.ts", "--config", "/etc/worldline/worldline.yaml"]
