"use client";
import { useMemo } from "react";
import { hexLines } from "#server/contract/view/hex-lines.ts";
import { bytesOf } from "./save-file.ts";

interface HexViewProps {
  /** Base64. */
  readonly bytes: string;
  /** Of the first byte. */
  readonly offset: number;
  readonly label: string;
}

/** Bytes as they are. */
export function HexView({ bytes, offset, label }: HexViewProps) {
  const lines = useMemo(() => hexLines(bytesOf(bytes), offset), [bytes, offset]);
  return (
    <section aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre className="code hex" tabIndex={0}>
        {lines.map((line) => (
          <span key={line.offset} className="hex-line">
            <span className="t3">{line.offset}</span> <span className="hex-b">{line.hex}</span> <bdi>{line.text}</bdi>
            {"\n"}
          </span>
        ))}
      </pre>
    </section>
  );
}
