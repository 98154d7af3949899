import type { NextConfig } from "next";

/** HTTP is ours (`server/http`): Next only draws pages, so everything about addresses and headers stands there. */
const config: NextConfig = {
  poweredByHeader: false,
  devIndicators: false,
  reactStrictMode: true,
};

export default config;
