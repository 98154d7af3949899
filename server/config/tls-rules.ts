import type { ConfigurationPath } from "./fault.ts";
import type { ShapeFault } from "./issues.ts";
import type { ReadSections } from "./rules.ts";
import type { TlsDocument } from "./schema-parts.ts";

/** A certificate of the console and its key: both or none, and the key from one place. */
export interface PairDocument {
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly keyEnv?: string | undefined;
}

/** What no single key of a `tls` can say, wherever it stands. */
export function pairFaults(tls: PairDocument | boolean | undefined, at: ConfigurationPath): readonly ShapeFault[] {
  if (tls === undefined || typeof tls === "boolean") return [];
  const hasKey = tls.keyEnv !== undefined || tls.keyFile !== undefined;
  if (tls.keyEnv !== undefined && tls.keyFile !== undefined) {
    return [{ path: [...at, "keyFile"], message: "give keyEnv or keyFile, not both" }];
  }
  if (hasKey === (tls.certificateFile !== undefined)) return [];
  const message = hasKey ? "has a key and no certificateFile" : "has a certificateFile and no keyFile or keyEnv";
  return [{ path: at, message }];
}

/** Of every upstream but Docker's engine and the nodes of DNA, whose rules have them. */
export function tlsFaults({
  dna,
  dynflow,
  haf,
  journal,
  ingest,
}: Pick<ReadSections, "dna" | "dynflow" | "haf" | "journal" | "ingest">): readonly ShapeFault[] {
  return [
    ...pairFaults(journal?.tls, ["journal", "tls"]),
    ...dna.flatMap(({ whole }, index) => pairFaults(whole?.scylla.tls, ["dna", index, "scylla", "tls"])),
    ...dynflow.flatMap(({ whole }, index) => databaseFaults(whole?.tls, whole?.url ?? "", ["dynflow", index, "tls"])),
    ...haf.flatMap(({ whole }, index) => pairFaults(whole?.tls, ["haf", index, "tls"])),
    ...Object.entries(ingest?.receivers ?? {}).flatMap(([id, one]) =>
      pairFaults(one.tls, ["ingest", "receivers", id, "tls"]),
    ),
  ];
}

function databaseFaults(tls: TlsDocument | undefined, url: string, at: ConfigurationPath): readonly ShapeFault[] {
  if (tls === undefined || !url.startsWith("sqlite:")) return pairFaults(tls, at);
  return [{ path: at, message: "is not for SQLite: it is a file of this machine" }];
}

/** Whether an engine is spoken with in the clear or not is what its address says; `tls` says only how. */
export function engineTlsFaults(
  docker: { readonly url?: string | undefined; readonly tls?: TlsDocument | undefined } | undefined,
  at: ConfigurationPath,
): readonly ShapeFault[] {
  if (docker?.tls === undefined) return [];
  const path = [...at, "tls"];
  if (docker.url === undefined) return [{ path, message: "goes with url: a socket is of this machine" }];
  const isEncrypted = docker.url.startsWith("https:");
  if (isEncrypted === (docker.tls !== false)) return pairFaults(docker.tls, path);
  return [{ path, message: `contradicts url, which says ${isEncrypted ? "https" : "http"}` }];
}
