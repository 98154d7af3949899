"use client";
import { Tool } from "./payload-tool.tsx";
import { PayloadTree } from "./payload-tree.tsx";
import { bytesOf, fileName, saveFile } from "./save-file.ts";
import { REVEALED_MS, type RevealedValue } from "./use-reveal.ts";

interface RevealedProps {
  readonly revealed: RevealedValue;
  readonly source: string;
  readonly planId: string;
  readonly onHide: () => void;
}

/** What was revealed: drawn until it is closed or its minute is over. */
export function Revealed({ revealed: { path, value, part }, source, planId, onHide }: RevealedProps) {
  return (
    <section className="pl-revealed" aria-label={`Revealed: ${path}`}>
      <div className="row small">
        <b className="med">Revealed</b> <bdi className="mono">{path}</bdi>
        <span className="push t3">hidden again after {REVEALED_MS / 1_000} s</span>
        <Tool onPress={onHide}>Hide</Tool>
      </div>
      {part.kind === "bytes" ? (
        <p className="small">
          <Tool onPress={() => saveFile(`${fileName(planId, path)}.bin`, [bytesOf(String(value))], BINARY)}>
            Download the bytes
          </Tool>
        </p>
      ) : (
        <PayloadTree value={value} label={path} source={source} planId={planId} />
      )}
    </section>
  );
}
const BINARY = "application/octet-stream";
