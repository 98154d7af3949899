import type { NextConfig } from "next";

/** HTTP is ours (`server/http`): Next only draws pages, so everything about addresses and headers stands there. */
const config: NextConfig = {
  poweredByHeader: false,
  devIndicators: false,
  reactStrictMode: true,
  // Types are one check of their own (`npm run typecheck`), over tests and scripts too: not part of every first start.
  typescript: { ignoreBuildErrors: true },
};

export default config;
