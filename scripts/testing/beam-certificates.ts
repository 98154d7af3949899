/** Throw-away certificates for distribution over TLS, by Debian's openssl: an authority and what it has signed. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBeamProgram } from "./beam-binaries.ts";

export interface BeamCertificates {
  /** Files in PEM: the authority, the node's own pair, and a client's. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly clientCertificateFile: string;
  readonly clientKeyFile: string;
  /** For `-ssl_dist_optfile`: who connects must show a certificate of the authority. */
  readonly optionFile: string;
}

const DAYS = "2";

/** Makes them in `directory`, good for 127.0.0.1 and two days. */
export function makeBeamCertificates(directory: string): BeamCertificates {
  const file = (name: string): string => join(directory, name);
  const pair = (name: string, more: readonly string[]): void => {
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS];
    const out = ["-keyout", file(`${name}.key`), "-out", file(`${name}.pem`), "-subj", `/CN=${name}`];
    execFileSync(findBeamProgram("openssl"), ["req", "-x509", ...made, ...out, ...more], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  const signed = ["-CA", file("authority.pem"), "-CAkey", file("authority.key")];
  pair("authority", ["-addext", "basicConstraints=critical,CA:TRUE"]);
  for (const name of ["node", "client"]) {
    pair(name, [
      ...signed,
      "-addext",
      "basicConstraints=critical,CA:FALSE",
      "-addext",
      "subjectAltName=IP:127.0.0.1,DNS:localhost",
    ]);
  }
  const options = (name: string): string =>
    `{certfile,"${file(`${name}.pem`)}"},{keyfile,"${file(`${name}.key`)}"},{cacertfile,"${file("authority.pem")}"},{verify,verify_peer}`;
  writeFileSync(
    file("ssl_dist.conf"),
    `[{server,[${options("node")},{fail_if_no_peer_cert,true}]},{client,[${options("node")}]}].\n`,
  );
  return {
    caFile: file("authority.pem"),
    certificateFile: file("node.pem"),
    keyFile: file("node.key"),
    clientCertificateFile: file("client.pem"),
    clientKeyFile: file("client.key"),
    optionFile: file("ssl_dist.conf"),
  };
}
