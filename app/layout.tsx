import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import { Providers } from "#components/shell/providers.tsx";
import { GlyphSprite } from "#components/ui/glyph.tsx";
import { HatchPattern } from "#components/ui/hatch.tsx";
import { parseTheme, parseZone, THEME_COOKIE, ZONE_COOKIE } from "#components/ui/preference-cookies.ts";
import "./globals.css";

/** Every answer carries its own nonce (server/http), so no page is rendered ahead of time. */
export const dynamic = "force-dynamic";

export const metadata: Metadata = {
  title: "Worldline",
  description: "A console for DNA actor clusters, Dynflow plans, HAF stacks and agents",
  robots: { index: false, follow: false },
};
export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default async function RootLayout({ children }: { readonly children: React.ReactNode }) {
  const jar = await cookies();
  const theme = parseTheme(jar.get(THEME_COOKIE)?.value);
  const zone = parseZone(jar.get(ZONE_COOKIE)?.value);
  return (
    <html lang="en" data-theme={theme === "system" ? undefined : theme}>
      <body>
        <GlyphSprite />
        <HatchPattern />
        <Providers theme={theme} zone={zone}>
          {children}
        </Providers>
      </body>
    </html>
  );
}
