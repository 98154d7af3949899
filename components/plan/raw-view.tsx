"use client";
import { useMemo, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatBytes } from "#components/ui/format.ts";
import { copyText } from "#components/ui/ident.tsx";
import { Section } from "#components/ui/section.tsx";

/** Characters shown; the whole is copied. */
const SHOWN_MAX = 100_000;

/** What the procedures answered, as text. */
export function RawView({ value }: { readonly value: unknown }) {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value]);
  const [said, setSaid] = useState<string | null>(null);
  return (
    <Section title="Raw" note="as the console's procedures answered" aside={formatBytes(text.length)}>
      <p className="row pad-y">
        <Button small onPress={async () => setSaid((await copyText(text)) ? "copied" : "could not copy")}>
          Copy all
        </Button>
        <span role="status" className="small t3">
          {said}
        </span>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre className="code raw" tabIndex={0}>
        {text.slice(0, SHOWN_MAX)}
        {text.length > SHOWN_MAX && "\n… the rest is in the copy"}
      </pre>
    </Section>
  );
}
