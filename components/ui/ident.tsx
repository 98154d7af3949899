"use client";
import { useEffect, useState } from "react";
import { shortId, shortIncarnation, splitClassName } from "./format.ts";

const SAID_MS = 1_600;

interface IdProps {
  /** The whole id, copied by a click. */
  readonly id: string;
  /** How it is shortened; `whole` = not at all. */
  readonly form?: "id" | "incarnation" | "whole";
  /** Shown instead of the shortened id. */
  readonly children?: React.ReactNode;
}

/** Copies `text`; resolves to whether it worked (clipboards need https or loopback). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** An id, short in the middle; a click copies it whole, `Y` copies the one marked with `data-copy` on the page. */
export function Id({ id, form = "id", children }: IdProps) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(id)) ? "copied" : "could not copy");
  const short = form === "whole" ? id : form === "incarnation" ? shortIncarnation(id) : shortId(id);
  return (
    <button type="button" className="id mono" title={`${id} (click copies)`} onClick={copy}>
      <bdi>{children ?? short}</bdi>
      <span className="vh"> copy {short === id ? "" : id}</span>
      <span role="status">{said !== null && <span className="copied">{said}</span>}</span>
    </button>
  );
}

/** A class name: leading modules grey, the last two in ink. */
export function ClassName({ name }: { readonly name: string | null }) {
  if (name === null || name === "") return <span className="t3">–</span>;
  const [leading, last] = splitClassName(name);
  return (
    <bdi className="cn name" title={name}>
      {leading !== "" && <span className="lead">{leading}</span>}
      {last}
    </bdi>
  );
}

/** Text from upstream, kept from running into what stands beside it (writing direction, length). */
export function Name({ text, mono = false }: { readonly text: string; readonly mono?: boolean }) {
  return <bdi className={mono ? "name mono" : "name"}>{text}</bdi>;
}
