/** Throw-away certificates for servers of tests, by Debian's openssl: an authority, another one, and what they have signed. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBeamProgram } from "./beam-binaries.ts";

/** A pair in PEM. */
export interface TestPair {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface TestCertificates {
  readonly folder: string;
  /** Who has signed all below. */
  readonly caFile: string;
  /** An authority that has signed nothing. */
  readonly otherCaFile: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: TestPair;
  /** For `db.example` alone. */
  readonly named: TestPair;
  /** For localhost, and no address. */
  readonly byName: TestPair;
  /** As `server`, and over since yesterday. */
  readonly expired: TestPair;
  /** Of a client, by the same authority. */
  readonly client: TestPair;
  remove(): void;
}

const KEY_MODE = 0o644;
const FOLDER_MODE = 0o755;
const LOCAL = "IP:127.0.0.1,DNS:localhost";

/** Makes them in a folder of their own, readable by whoever a server runs as: they are worth nothing. */
export function makeCertificates(): TestCertificates {
  const openssl = findBeamProgram("openssl");
  const folder = mkdtempSync(join(tmpdir(), "worldline-certificates-"));
  chmodSync(folder, FOLDER_MODE);
  const file = (name: string): string => join(folder, name);
  const run = (args: readonly string[]): void =>
    void execFileSync(openssl, [...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = (name: string): void =>
    run([
      ...["req", "-x509", ...fresh, "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.pem`],
      ...["-subj", `/CN=${name}`, "-addext", "basicConstraints=critical,CA:TRUE"],
    ]);
  const pair = (name: string, names: string): TestPair => {
    run([
      ...["req", "-x509", ...fresh, "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.pem`],
      ...["-subj", `/CN=${name}`, "-CA", "authority.pem", "-CAkey", "authority.key"],
      ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names}`],
    ]);
    chmodSync(file(`${name}.key`), KEY_MODE);
    return { certificateFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
  };
  authority("authority");
  authority("other");
  const server = pair("server", LOCAL);
  return {
    folder,
    caFile: file("authority.pem"),
    otherCaFile: file("other.pem"),
    server,
    named: pair("named", "DNS:db.example"),
    byName: pair("by-name", "DNS:localhost"),
    expired: expiredOf(server, file, run),
    client: pair("client", "DNS:console.example"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** `req` knows no certificate of the past, so `x509` signs the same request with days that are over. */
function expiredOf(server: TestPair, file: (name: string) => string, run: (args: readonly string[]) => void): TestPair {
  copyFileSync(server.keyFile, file("expired.key"));
  run(["x509", "-x509toreq", "-in", server.certificateFile, "-signkey", server.keyFile, "-out", "expired.csr"]);
  run([
    ...["x509", "-req", "-in", "expired.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-set_serial", "77"],
    ...["-days", "-1", "-out", "expired.pem"],
  ]);
  return { certificateFile: file("expired.pem"), keyFile: file("expired.key") };
}

export const pemOf = (file: string): string => readFileSync(file, "utf8");
